#include "agent/engine.h"

#include <assert.h>
#include <string.h>

#include "agent/handout.h"
#include "agent/wait.h"
#include "base/log.h"

#define MARKING (50 * USEC_MS)

/* -- trouble ------------------------------------------------------------------------------- */

void
component_rewind(struct component *component)
{
    component->place = (struct place){.since = -1};
    component->drained = false;
}

void
component_reset(struct component *component)
{
    works_clear(&component->works);
    component_rewind(component);
    component->phase = PHASE_APPLY;
    component->compare_wanted = true;
    component->sweep_wanted = component->marking = false;
    component->compared = component->verified = component->unproven = false;
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
    component->compared = component->verified = false;
    if (!component->agent->state.meta.complete)
        component->converged = 0;
}

void
engine_restart(struct agent *agent)
{
    agent->state.marks_lost = false;
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
 * sessions are cut the new wish can be handed out at once. */
void
engine_changed(struct component *component, const char *key, int64_t gen)
{
    struct work *work = works_find(&component->works, key);

    if (work != NULL) {
        work->changed = true;
        work->due = 0;
        if (work->phase == WORK_CUTTING)
            works_move(&component->works, work, WORK_PAUSED);
    } else {
        hand_out_first(component, key);
    }
    if (gen <= component->place.since)
        component_rewind(component);
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

    component->compare_wanted = component->unproven = false;
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

/* The first comparison since it came up, or since a snapshot, waits for what was under way. */
static bool
may_compare(const struct component *component)
{
    return component->compare_wanted && component->phase == PHASE_APPLY &&
        (component->compared || is_idle(component));
}

/* All that was wished when the comparison began has been handed out once, and answered. */
static bool
may_sweep(const struct component *component)
{
    const struct work *work;

    if (!component->sweep_wanted || component->phase != PHASE_APPLY || !component->compared ||
        (!component->drained && component->place.since <= component->sweep_gen))
        return false;
    TAILQ_FOREACH(work, &component->works.phases[WORK_RUNNING], in_phase)
    {
        if (work->since <= component->sweep_gen)
            return false;
    }
    return true;
}

static bool
hand_out(struct component *component, struct arena *arena, usec_t *next, struct err *err)
{
    return hand_out_paused(component, arena, next, err) &&
        (component->phase == PHASE_COMPARE || hand_out_pending(component, next, err));
}

static bool
step(struct component *component, struct arena *arena, usec_t *next, struct err *err)
{
    if (component->phase == PHASE_APPLY && time_monotonic() >= component->compare_at)
        component->compare_wanted = true;
    if (component->unproven && component->drained &&
        component->works.counts[WORK_RUNNING] < PENDING_SLICE)
        component->compare_wanted = true;
    if (may_compare(component))
        begin_compare(component);
    if (component->phase == PHASE_APPLY && component->compare_at < *next)
        *next = component->compare_at;
    if (component->compared && !hand_out(component, arena, next, err))
        return false;
    if (may_sweep(component))
        begin_sweep(component);
    if (component->type->handed_out != NULL && !component_more_comes(component))
        component->type->handed_out(component);
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

/* A comparison marks thousands, a few in each turn: they are written together. */
static bool
is_marking(const struct agent *agent)
{
    bool marking = false;

    for (size_t i = 0; i < agent->count; i++)
        marking = marking || agent->components[i].marking;
    return marking && agent->state.transaction == LAZY &&
        time_monotonic() - agent->state.begun_at < MARKING;
}

/* Nobody hears of it before it is written: marks that are lost must not have counted. */
static bool
note_converged(struct agent *agent, struct err *err)
{
    int64_t converged[COMPONENTS_MAX] = {0};

    if (is_marking(agent))
        return true;
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
    if (agent->state.marks_lost)
        engine_restart(agent);
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
