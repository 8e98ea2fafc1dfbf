#include <string.h>

#include "dispatcher/standing.h"

#define STANDING_AGE (1 * USEC_SEC)

static struct revocations *
of(const struct dispatcher *dispatcher, const struct stream_view *stream)
{
    return &dispatcher->revocations[stream - dispatcher->streams];
}

/* -- what is open -------------------------------------------------------------------------- */

static void
add(struct revocations *revocations, const struct list *rows)
{
    const struct revocation *all = rows->at;
    usec_t now = time_monotonic();

    for (size_t i = 0; i < rows->count; i++) {
        size_t component = component_find(all[i].component);

        revocations->loaded_gen = all[i].gen;
        if (component < COMPONENTS)
            revocations->open[revocations->count++] =
                (struct open_revocation){all[i].gen, component, now - all[i].age};
    }
}

/* What came into the log since the last time, as long as there is room. */
static bool
load(struct dispatcher *dispatcher, const struct stream_view *stream, struct err *err)
{
    struct revocations *revocations = of(dispatcher, stream);
    int64_t room = REVOCATIONS_MAX - (int64_t)revocations->count;
    struct list rows;

    if (!revocations->started)
        revocations->loaded_gen =
            standing_floor(dispatcher->standing, stream->stream_id, stream->gen);
    revocations->started = true;
    if (room == 0 || revocations->loaded_gen >= stream->gen)
        return true;
    if (!log_revocations(
            &dispatcher->db, stream->stream_id, revocations->loaded_gen, room, &rows, err))
        return false;
    add(revocations, &rows);
    if ((int64_t)rows.count < room)
        revocations->loaded_gen = stream->gen;
    return true;
}

/* -- what is passed ------------------------------------------------------------------------ */

/* Without a node there is nothing to prove, and no sample. */
static bool
has_nodes(const struct standing *standing, int64_t stream_id)
{
    for (size_t i = 0; i < standing->count; i++) {
        if (standing->nodes[i].row->stream_id == stream_id)
            return true;
    }
    return false;
}

static void
close_passed(struct dispatcher *dispatcher, const struct stream_view *stream)
{
    struct revocations *revocations = of(dispatcher, stream);
    const struct standing *standing = dispatcher->standing;
    bool counted = has_nodes(standing, stream->stream_id);
    usec_t now = time_monotonic();
    size_t kept = 0;

    for (size_t i = 0; i < revocations->count; i++) {
        const struct open_revocation *open = &revocations->open[i];

        if (!standing_passed(standing, stream->stream_id, open->component, open->gen))
            revocations->open[kept++] = *open;
        else if (counted)
            meters_revoked(&dispatcher->meters, now - open->changed_at);
    }
    revocations->count = kept;
}

bool
watch_revocations(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    const struct standing *standing = dispatcher->standing;

    dispatcher_turn(dispatcher, arena);
    if (standing->read_at == 0 && !standing_read(dispatcher, err))
        return false;
    for (size_t i = 0; i < dispatcher->stream_count; i++) {
        const struct stream_view *stream = &dispatcher->streams[i];

        if (!load(dispatcher, stream, err))
            return false;
        if (of(dispatcher, stream)->count == 0)
            continue;
        if (time_monotonic() - standing->read_at > STANDING_AGE && !standing_read(dispatcher, err))
            return false;
        standing_update(dispatcher);
        close_passed(dispatcher, stream);
    }
    return true;
}

usec_t
revocations_open(const struct dispatcher *dispatcher)
{
    usec_t oldest = 0, now = time_monotonic();

    for (size_t i = 0; i < dispatcher->stream_count; i++) {
        const struct revocations *revocations = &dispatcher->revocations[i];

        if (revocations->count > 0 && now - revocations->open[0].changed_at > oldest)
            oldest = now - revocations->open[0].changed_at;
    }
    return oldest;
}
