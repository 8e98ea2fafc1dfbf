#include "agent/agent.h"

#include <assert.h>
#include <string.h>

#include "agent/wait.h"
#include "base/log.h"

/* -- trouble ------------------------------------------------------------------------------- */

void
component_rewind(struct component *component)
{
    component->place = (struct place){.since = -1};
}

void
component_reset(struct component *component)
{
    works_clear(&component->works);
    component_rewind(component);
    component->phase = PHASE_APPLY;
    component->compare_wanted = true;
    component->sweep_wanted = false;
    component->verified = false;
}

void
engine_wake(struct agent *agent)
{
    loop_wake(&agent->loop, engine_turn);
}

/* Softly: what runs is waited for, and handed out again. */
static void
component_restart(struct component *component)
{
    struct works *works = &component->works;
    struct work *work;

    while ((work = TAILQ_FIRST(&works->phases[WORK_CUTTING])) != NULL)
        works_move(works, work, WORK_PAUSED);
    for (int phase = 0; phase < WORK_PHASES; phase++) {
        TAILQ_FOREACH(work, &works->phases[phase], in_phase)
        {
            work->changed = true;
            work->due = 0;
        }
    }
    component_rewind(component);
    component->compare_wanted = true;
    component->verified = false;
    if (!component->agent->state.meta.complete)
        component->converged = 0;
}

void
engine_restart(struct agent *agent)
{
    for (size_t i = 0; i < agent->count; i++)
        component_restart(&agent->components[i]);
    engine_wake(agent);
}

void
engine_trouble(struct agent *agent, const struct err *err)
{
    log_error("state detail=\"%s\", what gateways answered will be asked again", err->detail);
    state_rollback(&agent->state);
    agent->held_until = time_monotonic() + 4 * agent->retry_least;
    agent->broken = agent->broken || err->code == ERR_STATE_BROKEN;
    if (agent->broken)
        loop_stop(&agent->loop);
    engine_restart(agent);
}

/* A key in a pause need not wait any longer, one at work is handed out again after it; while
 * sessions are cut the new wish can be handed out at once. What is newer than all that was handed
 * out will be met anyway. */
void
engine_changed(struct component *component, const char *key, int64_t gen)
{
    struct work *work = works_find(&component->works, key);

    if (work != NULL) {
        work->changed = true;
        work->due = 0;
        if (work->phase == WORK_CUTTING)
            works_move(&component->works, work, WORK_PAUSED);
    }
    if (gen <= component->place.since)
        component_rewind(component);
}

/* -- handing out --------------------------------------------------------------------------- */

/* What one slice of pending rows has brought, in the turn's arena. */
struct slice {
    struct component *component;
    struct arena *arena;
    struct artifact rows[PENDING_SLICE];
    size_t count, seen;
    size_t limit;
    bool reached_sweep; /* the rest is newer than what the sweep waits for */
};

static void
take_row(void *object, const struct artifact *row)
{
    struct slice *slice = object;
    struct component *component = slice->component;

    if (component->sweep_wanted && row->since > component->sweep_gen)
        slice->reached_sweep = true;
    if (slice->reached_sweep || slice->count == slice->limit)
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

static bool
may_hand_out(const struct component *component)
{
    return component->up && component->phase == PHASE_APPLY && !component->compare_wanted &&
        room_of(component) > 0;
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
static bool
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
    for (size_t i = 0; i < count && may_hand_out(component); i++) {
        if (!hand_out_again(component, due[i], arena, err))
            return false;
    }
    if (count == PENDING_SLICE && may_hand_out(component))
        *next = now;
    return true;
}

/* *drained: no pending row is left that was not handed out once. */
static bool
hand_out_slice(struct component *component, struct arena *arena, bool *drained, struct err *err)
{
    struct slice *slice = arena_alloc(arena, sizeof(*slice));
    size_t room = room_of(component);

    slice->component = component;
    slice->arena = arena;
    slice->limit = room < PENDING_SLICE ? room : PENDING_SLICE;
    if (!artifact_pending(&component->agent->state, component->type->name, &component->place,
            take_row, slice, err))
        return false;
    *drained = slice->seen < PENDING_SLICE && slice->count < slice->limit;
    for (size_t i = 0; i < slice->count && may_hand_out(component); i++)
        hand_out(component, &slice->rows[i], NULL);
    return true;
}

static bool
hand_out_pending(struct component *component, bool *drained, struct err *err)
{
    bool done = true;

    *drained = false;
    while (done && !*drained && may_hand_out(component)) {
        struct arena arena = {0};

        done = hand_out_slice(component, &arena, drained, err);
        arena_reset(&arena);
    }
    return done;
}

/* -- one component ------------------------------------------------------------------------- */

static bool
is_idle(const struct component *component)
{
    return component->works.counts[WORK_RUNNING] == 0;
}

static void
begin_compare(struct component *component)
{
    const struct agent *agent = component->agent;

    component->compare_wanted = false;
    component->compare_at = time_monotonic() + agent->settings->agent_reconcile_seconds * USEC_SEC;
    component->sweep_wanted = true;
    component->sweep_gen = agent->state.meta.desired_gen;
    component->phase = PHASE_COMPARE;
    component->type->compare(component);
}

static void
begin_sweep(struct component *component)
{
    component->sweep_wanted = false;
    component->phase = PHASE_SWEEP;
    if (component->type->sweep == NULL)
        component_swept(component, 0);
    else
        component->type->sweep(component);
}

static bool
step(struct component *component, struct arena *arena, usec_t *next, struct err *err)
{
    bool drained = false;

    if (time_monotonic() >= component->compare_at)
        component->compare_wanted = true;
    if (component->compare_wanted && component->phase == PHASE_APPLY && is_idle(component))
        begin_compare(component);
    if (component->phase != PHASE_APPLY || component->compare_wanted)
        return true;
    *next = component->compare_at < *next ? component->compare_at : *next;
    if (!hand_out_paused(component, arena, next, err) ||
        !hand_out_pending(component, &drained, err))
        return false;
    if (component->sweep_wanted && drained && is_idle(component))
        begin_sweep(component);
    return true;
}

/* -- how far ------------------------------------------------------------------------------- */

/* How far it is by what is noted so far. */
static bool
look_converged(const struct component *component, int64_t *converged, struct err *err)
{
    struct agent *agent = component->agent;
    const struct meta *meta = &agent->state.meta;
    int64_t since;

    if (!artifact_oldest(&agent->state, component->type->name, &since, err))
        return false;
    *converged = component->converged;
    if (!meta->complete)
        *converged = 0;
    else if (component->verified)
        *converged = since > meta->desired_gen ? meta->desired_gen : since - 1;
    return *converged == component->converged ||
        (state_begin(&agent->state, LAZY, err) &&
            converged_write(&agent->state, component->type->name, *converged, err));
}

/* Nobody hears of it before it is written: marks that are lost must not have counted. */
static bool
note_converged(struct agent *agent, struct err *err)
{
    int64_t converged[COMPONENTS_MAX] = {0};

    for (size_t i = 0; i < agent->count; i++) {
        if (!look_converged(&agent->components[i], &converged[i], err))
            return false;
    }
    if (agent->state.transaction == LAZY && !state_commit(&agent->state, err))
        return false;
    for (size_t i = 0; i < agent->count; i++)
        agent->components[i].converged = converged[i];
    return true;
}

static bool
turn_components(struct agent *agent, struct arena *arena, usec_t *next, struct err *err)
{
    for (size_t i = 0; i < agent->count; i++) {
        struct component *component = &agent->components[i];

        if (agent->state.meta.known && component->up && !step(component, arena, next, err))
            return false;
    }
    return note_converged(agent, err);
}

bool
engine_turn(void *object, struct arena *arena, struct err *err)
{
    struct agent *agent = object;
    usec_t now = time_monotonic();
    usec_t next = INT64_MAX;
    struct err trouble;

    (void)err; /* trouble has its own pause, and is told there */
    if (now < agent->held_until)
        next = agent->held_until;
    else if (!turn_components(agent, arena, &next, &trouble)) {
        engine_trouble(agent, &trouble);
        next = agent->held_until;
    }
    waits_turn(agent);
    if (next != INT64_MAX)
        loop_wake_in(&agent->loop, engine_turn, next > now ? next - now : 0);
    return true;
}
