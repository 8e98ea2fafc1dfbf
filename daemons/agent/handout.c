#include "agent/handout.h"

#include <string.h>

enum {
    SLICES = 2,     /* of pending rows, in one turn */
    FIRST_MAX = 512 /* keys that go before the others */
};

void
hand_out_first(struct component *component, const char *key)
{
    struct works *works = &component->works;

    if (component->compared && works->counts[WORK_PAUSED] < FIRST_MAX)
        works_move(works, works_add(works, key, ++component->agent->last_ticket), WORK_PAUSED);
}

/* What one slice of pending rows has brought, in the turn's arena. */
struct slice {
    struct component *component;
    struct arena *arena;
    struct artifact rows[PENDING_SLICE];
    size_t count, seen;
    size_t limit;
};

static void
take_row(void *object, const struct artifact *row)
{
    struct slice *slice = object;
    struct component *component = slice->component;

    if (slice->count == slice->limit)
        return;
    slice->seen++;
    component->place.since = row->since;
    component->place.removed = row->wish.removed;
    memcpy(component->place.key, row->wish.key, strlen(row->wish.key) + 1);
    if (works_find(&component->works, row->wish.key) != NULL)
        return;
    struct artifact *copy = &slice->rows[slice->count++];
    *copy = *row;
    copy->wish.key = arena_strdup(slice->arena, row->wish.key);
    if (row->wish.payload != NULL)
        copy->wish.payload = arena_strdup(slice->arena, row->wish.payload);
}

static void
hand_out(struct component *component, const struct artifact *row, struct work *work)
{
    ticket_t ticket = ++component->agent->last_ticket;

    if (work == NULL)
        work = works_add(&component->works, row->wish.key, ticket);
    else
        works_resume(&component->works, work, ticket);
    work->ver = row->wish.ver;
    work->since = row->since;
    work->fails = row->fails;
    work->max_attempts = row->max_attempts;
    work->removes = row->wish.removed;
    work->came_at = row->came_at;
    component->type->apply(component, &row->wish, ticket);
}

static size_t
room_of(const struct component *component)
{
    size_t running = component->works.counts[WORK_RUNNING];
    size_t window = component->type->window == 0 ? 1 : component->type->window;

    return running >= window ? 0 : window - running;
}

/* A component that does one thing at a time does not do two at once for what goes first. */
static bool
may_go_first(const struct component *component)
{
    size_t window = component->type->window;
    size_t more = window > 1 ? FIRST_MAX : 0;

    return component->up && component->compared &&
        component->works.counts[WORK_RUNNING] < window + more;
}

bool
component_has_room(const struct component *component)
{
    return component->up && component->compared && room_of(component) > 0;
}

static bool
hand_out_again(struct component *component, const char *key, struct arena *arena, struct err *err)
{
    struct work *work = works_find(&component->works, key);
    struct artifact row;

    if (work == NULL || work->phase != WORK_PAUSED)
        return true;
    if (!artifact_find(&component->agent->state, component->type->name, key, arena, &row, err))
        return false;
    if (row.wish.key == NULL || row.done_ver == row.wish.ver || row.wish.rejected)
        works_drop(&component->works, work);
    else
        hand_out(component, &row, work);
    return true;
}

/* Those whose pause is over. *next: when the next one's is. */
bool
hand_out_paused(struct component *component, struct arena *arena, usec_t *next, struct err *err)
{
    const char *due[PENDING_SLICE];
    size_t count = 0;
    const struct work *work;
    usec_t now = time_monotonic();

    TAILQ_FOREACH(work, &component->works.phases[WORK_PAUSED], in_phase)
    {
        if (work->due > now)
            *next = work->due < *next ? work->due : *next;
        else if (count < PENDING_SLICE)
            due[count++] = arena_strdup(arena, work->key);
    }
    for (size_t i = 0; i < count && may_go_first(component); i++) {
        if (!hand_out_again(component, due[i], arena, err))
            return false;
    }
    if (count == PENDING_SLICE && may_go_first(component))
        *next = now;
    return true;
}

/* component->drained: no pending row is left that was not handed out once. */
static bool
hand_out_slice(struct component *component, struct arena *arena, struct err *err)
{
    struct slice *slice = arena_alloc(arena, sizeof(*slice));
    size_t room = room_of(component);

    slice->component = component;
    slice->arena = arena;
    slice->limit = room < PENDING_SLICE ? room : PENDING_SLICE;
    if (!artifact_pending(&component->agent->state, component->type->name, &component->place,
            take_row, slice, err))
        return false;
    component->drained = slice->seen < PENDING_SLICE && slice->count < slice->limit;
    component->handed_out += slice->count;
    for (size_t i = 0; i < slice->count && component_has_room(component); i++)
        hand_out(component, &slice->rows[i], NULL);
    return true;
}

/* A few at a time, so that what was handed out is under way while the next is prepared. */
bool
hand_out_pending(struct component *component, usec_t *next, struct err *err)
{
    bool done = true;

    component->drained = false;
    for (int i = 0; i < SLICES && done && !component->drained && component_has_room(component);
         i++) {
        struct arena arena = {0};

        done = hand_out_slice(component, &arena, err);
        arena_reset(&arena);
    }
    if (component->drained)
        component->handed_out = 0;
    else if (component_has_room(component))
        *next = 0;
    return done;
}
