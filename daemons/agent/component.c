#include "agent/component.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/engine.h"
#include "agent/gauges.h"
#include "base/log.h"

enum {
    PRESSED = 512 /* keys in a row: more than a batch */
};

/* -- marks, in the lazy transaction that the turn commits ----------------------------------- */

static bool
begin_marks(struct component *component, struct err *err)
{
    return state_begin(&component->agent->state, LAZY, err);
}

static void
finish_mark(struct component *component, bool done, const struct err *err)
{
    if (!done)
        engine_trouble(component->agent, err);
    engine_wake(component->agent);
}

/* -- the gateway --------------------------------------------------------------------------- */

static void
tell_peers(const struct component *component)
{
    struct agent *agent = component->agent;

    for (size_t i = 0; i < agent->count; i++) {
        struct component *peer = &agent->components[i];

        if (peer != component && peer->self != NULL && peer->type->peer_up != NULL)
            peer->type->peer_up(peer);
    }
}

void
component_up(struct component *component, const char *boot)
{
    bool is_new = !str_eq(component->boot, boot);

    if (!component->up || is_new)
        log_info("component=%s up boot=%s", component->type->name, boot);
    if (is_new || !component->up)
        component_reset(component);
    component->up = true;
    *component->error = '\0';
    snprintf(component->boot, sizeof(component->boot), "%s", boot);
    if (is_new)
        tell_peers(component);
    engine_wake(component->agent);
}

void
component_down(struct component *component, const char *error)
{
    if (component->up || !str_eq(component->error, error))
        log_warn("component=%s down detail=\"%s\", trying again", component->type->name, error);
    component->up = false;
    snprintf(component->error, sizeof(component->error), "%s", error);
    component_reset(component);
    engine_wake(component->agent);
}

void
component_suspect(struct component *component)
{
    component->compare_wanted = true;
    engine_wake(component->agent);
}

void
component_retry(struct component *component)
{
    struct work *work;

    TAILQ_FOREACH(work, &component->works.phases[WORK_PAUSED], in_phase)
    work->due = 0;
    engine_wake(component->agent);
}

/* A key at work will be read back by that. */
void
component_same(struct component *component, const char *key, int64_t ver)
{
    struct err err;

    if (component->phase != PHASE_COMPARE || works_find(&component->works, key) != NULL)
        return;
    component->marking = true;
    bool done = begin_marks(component, &err) &&
        artifact_done(&component->agent->state, component->type->name, key, ver, &err);
    finish_mark(component, done, &err);
}

void
component_differs(struct component *component, const char *key)
{
    struct state *state = &component->agent->state;
    struct err err;

    if (component->phase != PHASE_COMPARE)
        return;
    component->marking = true;
    bool done = begin_marks(component, &err) &&
        artifact_differs(state, component->type->name, key, state->meta.desired_gen, &err);
    component_rewind(component);
    finish_mark(component, done, &err);
}

void
component_compared(struct component *component)
{
    component->marking = false;
    if (component->phase == PHASE_COMPARE) {
        component->phase = PHASE_APPLY;
        component->compared = component->compared || !component->compare_wanted;
    }
    component_rewind(component);
    engine_wake(component->agent);
}

void
component_swept(struct component *component, int64_t removed)
{
    if (component->phase == PHASE_SWEEP) {
        component->phase = PHASE_APPLY;
        component->verified = !component->compare_wanted;
        component->foreign_removed += removed;
    }
    engine_wake(component->agent);
}

/* -- tickets ------------------------------------------------------------------------------- */

/* NULL when the report is not about what is wished now; a changed wish goes back into the queue. */
static struct work *
take_report(struct component *component, ticket_t ticket)
{
    struct work *work = works_ticket(&component->works, ticket);

    if (work == NULL || work->phase == WORK_PAUSED)
        return NULL;
    if (!work->changed)
        return work;
    works_move(&component->works, work, WORK_PAUSED);
    engine_wake(component->agent);
    return NULL;
}

void
component_applied(struct component *component, ticket_t ticket)
{
    struct work *work = take_report(component, ticket);

    if (work == NULL || work->phase != WORK_RUNNING)
        return;
    works_move(&component->works, work, WORK_CUTTING);
    engine_wake(component->agent);
}

/* What could not be noted is done again. */
static void
settle(struct component *component, struct work *work, bool noted)
{
    if (noted)
        works_drop(&component->works, work);
    else
        works_move(&component->works, work, WORK_PAUSED);
}

void
component_done(struct component *component, ticket_t ticket)
{
    struct work *work = take_report(component, ticket);
    struct err err;

    if (work == NULL)
        return;
    bool done = begin_marks(component, &err) &&
        artifact_done(&component->agent->state, component->type->name, work->key, work->ver, &err);
    if (done && work->removes)
        metrics_observe(component->agent->metrics, &gauge_revocation,
            (double)(time_now() - work->came_at) / USEC_SEC, component->type->name);
    settle(component, work, done);
    finish_mark(component, done, &err);
}

void
component_unproven(struct component *component, ticket_t ticket)
{
    struct work *work = take_report(component, ticket);

    if (work == NULL)
        return;
    component->unproven = true;
    works_drop(&component->works, work);
    engine_wake(component->agent);
}

static void
reject(struct component *component, struct work *work, const char *code, const char *detail)
{
    const struct rejection rejection = {work->key, work->ver, code, detail};
    struct err err;
    bool done = begin_marks(component, &err) &&
        artifact_reject(&component->agent->state, component->type->name, &rejection, &err);

    log_warn("component=%s rejected code=%s, leaving it out", component->type->name, code);
    settle(component, work, done);
    finish_mark(component, done, &err);
}

/* Half of the pause is certain, the other half random. */
static usec_t
pause_after(const struct agent *agent, int64_t fails)
{
    usec_t pause = agent->retry_least << (fails < 8 ? fails : 8);

    if (pause > 60 * USEC_SEC)
        pause = 60 * USEC_SEC;
    return pause / 2 + jitter(pause / 2 + 1);
}

void
component_failed(struct component *component, ticket_t ticket, const char *detail)
{
    struct work *work = take_report(component, ticket);
    struct agent *agent = component->agent;
    struct err err;

    if (work == NULL)
        return;
    work->fails++;
    if (work->fails >= (work->max_attempts > 0 ? work->max_attempts : ATTEMPTS_DEFAULT)) {
        reject(component, work, "attempts", detail);
        return;
    }
    work->due = time_monotonic() + pause_after(agent, work->fails);
    works_move(&component->works, work, WORK_PAUSED);
    bool done = begin_marks(component, &err) &&
        artifact_failed(&agent->state, component->type->name, work->key, work->ver, detail, &err);
    finish_mark(component, done, &err);
}

void
component_rejected(
    struct component *component, ticket_t ticket, const char *code, const char *detail)
{
    struct work *work = take_report(component, ticket);

    if (work != NULL)
        reject(component, work, code, detail);
}

/* -- questions ----------------------------------------------------------------------------- */

bool
component_find(struct component *component, const char *key, struct arena *arena, struct wish *wish)
{
    struct artifact row;
    struct err err;

    if (!artifact_find(&component->agent->state, component->type->name, key, arena, &row, &err)) {
        engine_trouble(component->agent, &err);
        return false;
    }
    *wish = row.wish;
    return row.wish.key != NULL;
}

struct visitor {
    void (*visit)(void *object, const struct wish *wish);
    void *object;
};

static void
visit_wish(void *object, const struct artifact *row)
{
    const struct visitor *visitor = object;

    visitor->visit(visitor->object, &row->wish);
}

bool
component_page(struct component *component, const char *after, int64_t limit,
    void (*visit)(void *object, const struct wish *wish), void *object)
{
    struct visitor visitor = {visit, object};
    const struct page page = {after, limit};
    struct err err;

    if (artifact_page(
            &component->agent->state, component->type->name, &page, visit_wish, &visitor, &err))
        return true;
    engine_trouble(component->agent, &err);
    return false;
}

bool
component_each(
    struct component *component, void (*visit)(void *object, const struct wish *wish), void *object)
{
    return component_page(component, "", -1, visit, object);
}

bool
component_more_comes(const struct component *component)
{
    return component->compared && component->phase != PHASE_COMPARE && !component->drained &&
        component_has_room(component);
}

bool
component_is_pressed(const struct component *component)
{
    return !component->drained && component->handed_out >= PRESSED;
}

bool
component_is_empty(const struct component *component)
{
    return !component->agent->state.meta.known;
}

void
component_set_self(struct component *component, void *self)
{
    component->self = self;
}

void *
component_self(const struct component *component)
{
    return component->self;
}

struct component *
component_peer(const struct component *component, const char *name)
{
    return agent_component(component->agent, name);
}

struct event_base *
component_base(const struct component *component)
{
    return component->agent->loop.base;
}

const struct settings *
component_settings(const struct component *component)
{
    return component->agent->settings;
}

int
component_root(const struct component *component)
{
    return component->agent->state.root;
}

struct metrics *
component_metrics(const struct component *component)
{
    return component->agent->metrics;
}
