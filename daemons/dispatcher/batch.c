#include "dispatcher/batch.h"

#include "base/str.h"
#include "dispatcher/message.h"
#include "dispatcher/text.h"
#include "domain/artifact.h"

#define BATCH_BYTES ((size_t)256 << 10)

void
batch_drop(struct batch *batch)
{
    if (batch == NULL || --batch->holders > 0)
        return;
    struct arena arena = batch->arena;
    arena_reset(&arena);
}

/* -- building ------------------------------------------------------------------------------ */

/* What is sent is the row's state and version; the log gives the generation. */
static void
add_event(struct text *text, const struct log_event *logged, const struct artifact *artifact)
{
    struct event_head head = {
        .gen = logged->gen,
        .event_type = artifact->event_type,
        .component = logged->component,
        .aggregate_id = logged->aggregate_id,
        .ver = artifact->ver.set ? artifact->ver.value : logged->ver,
        .idempotency_key = logged->idempotency_key,
    };

    if (text->size > 1)
        text_add(text, ",", 1);
    text_add_object(text, &event_head_schema, &head, "payload",
        artifact->payload != NULL ? artifact->payload : "null");
}

/* Event types as constants, so that they outlive the row. */
static const char *
event_type(const char *name)
{
    static const char *const types[] = {"APPLY_BUNDLE", "UPSERT_USER", "REVOKE_USER",
        "REVOKE_CONNECTION", "WG_PEER_UPSERT", "WG_PEER_REMOVE"};

    for (size_t i = 0; i < COUNT(types); i++) {
        if (str_eq(types[i], name))
            return types[i];
    }
    return "";
}

static void
fill(struct batch *batch, const struct list *logged, const struct artifact *artifacts)
{
    const struct log_event *events = logged->at;
    struct sent_event *sent =
        arena_alloc(&batch->arena, (logged->count + 1) * sizeof(struct sent_event));
    struct text text = {.arena = &batch->arena};
    usec_t now = time_monotonic();

    text_add(&text, "[", 1);
    for (size_t i = 0; i < logged->count; i++) {
        /* A component of a later version of this program: its events are not ours to judge. */
        if (artifacts[i].event_type == NULL)
            continue;
        add_event(&text, &events[i], &artifacts[i]);
        sent[batch->count++] =
            (struct sent_event){event_type(artifacts[i].event_type), now - events[i].age};
        batch->aggregate_id = arena_strdup(&batch->arena, events[i].aggregate_id);
        batch->ver = artifacts[i].ver.set ? artifacts[i].ver.value : events[i].ver;
    }
    text_add(&text, "]", 1);
    batch->sent = sent;
    batch->events = text.data;
    batch->size = text.size;
}

static struct batch *
make(const struct stream_view *stream, int64_t from, int64_t to, int64_t keys)
{
    struct arena arena = {0};
    struct batch *batch = arena_alloc(&arena, sizeof(*batch));

    *batch = (struct batch){.arena = arena,
        .holders = 1,
        .stream_id = stream->stream_id,
        .from = from,
        .to = to,
        .wanted = keys};
    return batch;
}

static const struct artifact_key *
keys_of(const struct list *logged, struct arena *arena)
{
    struct artifact_key *keys = arena_alloc(arena, logged->count * sizeof(*keys));
    const struct log_event *events = logged->at;

    for (size_t i = 0; i < logged->count; i++)
        keys[i] = (struct artifact_key){events[i].component, events[i].aggregate_id};
    return keys;
}

static bool
build(struct dispatcher *dispatcher, const struct stream_view *stream, int64_t from, int64_t keys,
    struct batch **batch, struct err *err)
{
    struct list logged;
    const struct log_range range = {stream->stream_id, from, stream->gen, keys};

    if (!log_newest(&dispatcher->db, &range, &logged, err))
        return false;
    struct arena *arena = dispatcher->turn.arena;
    struct artifact *artifacts = arena_alloc(arena, logged.count * sizeof(*artifacts));
    struct list wanted = {keys_of(&logged, arena), logged.count};
    if (!artifacts_of(&dispatcher->turn, stream->role, &wanted, artifacts, err))
        return false;
    const struct log_event *events = logged.at;
    *batch = make(stream, from, logged.count > 0 ? events[0].upto : stream->gen, keys);
    fill(*batch, &logged, artifacts);
    return true;
}

/* -- sharing ------------------------------------------------------------------------------- */

/* The last batch serves as well: it starts here, and is full or reaches to the end. */
static bool
serves(const struct batch *batch, const struct stream_view *stream, int64_t from, int64_t keys)
{
    return batch != NULL && batch->from == from && (int64_t)batch->count <= keys &&
        (batch->to == stream->gen || batch->wanted == keys);
}

bool
batch_take(struct dispatcher *dispatcher, struct stream_view *stream, int64_t from, int64_t keys,
    struct batch **batch, struct err *err)
{
    if (!serves(stream->recent, stream, from, keys)) {
        struct batch *made;

        if (!build(dispatcher, stream, from, keys, &made, err))
            return false;
        while (made->size > BATCH_BYTES && made->count > 1) {
            int64_t fewer = (int64_t)made->count / 2;

            batch_drop(made);
            if (!build(dispatcher, stream, from, fewer, &made, err))
                return false;
            made->wanted = keys;
        }
        batch_drop(stream->recent);
        stream->recent = made;
    }
    stream->recent->holders++;
    *batch = stream->recent;
    return true;
}
