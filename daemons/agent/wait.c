#include "agent/wait.h"

#include "agent/engine.h"
#include "agent/status.h"
#include "base/log.h"

struct wait;

struct wait_kind {
    bool (*over)(struct wait *wait);
    bool (*answer)(struct wait *wait, struct err *err);
};

/* In the request's arena. */
struct wait {
    LIST_ENTRY(wait) link;
    struct agent *agent;
    struct req *req;
    const struct wait_kind *kind;
    struct job deadline;
    bool due;

    struct touched_list touched;  /* of a batch */
    size_t settled;               /* so many of them, from the first on */
    int64_t after;                /* or of a snapshot, its generation */
    int64_t then[COMPONENTS_MAX]; /* how far components were when the request came */
};

/* -- what is waited for -------------------------------------------------------------------- */

/* Cutting sessions is not waited for; a component that is not compared yet knows nothing. */
static bool
key_is_settled(struct agent *agent, const struct touched *touched)
{
    struct component *component = touched->component;
    struct arena arena = {0};
    struct standing standing = {0};
    struct err err;

    if (component == NULL)
        return true;
    const struct work *work = works_find(&component->works, touched->key);
    if (!component->verified || (work != NULL && work->phase != WORK_CUTTING))
        return false;
    if (work != NULL)
        return true;
    if (!artifact_standing(&agent->state, touched->name, touched->key, &arena, &standing, &err))
        engine_trouble(agent, &err);
    arena_reset(&arena);
    return standing.settled;
}

static bool
keys_are_settled(struct wait *wait)
{
    while (wait->settled < wait->touched.count &&
        key_is_settled(wait->agent, &wait->touched.at[wait->settled]))
        wait->settled++;
    return wait->settled == wait->touched.count;
}

static bool
snapshot_is_there(struct wait *wait)
{
    const struct agent *agent = wait->agent;

    for (size_t i = 0; i < agent->count; i++) {
        if (agent->components[i].converged < wait->after)
            return false;
    }
    return true;
}

/* One that stood at or below `after` stands above it; or has caught up since. */
static bool
has_passed(struct wait *wait)
{
    const struct agent *agent = wait->agent;
    bool behind = false;

    for (size_t i = 0; i < agent->count; i++) {
        int64_t now = agent->components[i].converged;

        if (wait->then[i] <= wait->after && now > wait->after)
            return true;
        if (now > wait->then[i] && now == agent->state.meta.desired_gen)
            return true;
        behind = behind || now <= wait->after;
    }
    return !behind;
}

static bool
answer_batch(struct wait *wait, struct err *err)
{
    return status_reply_batch(wait->req, &wait->touched, err);
}

static bool
answer_state(struct wait *wait, struct err *err)
{
    return status_reply_state(wait->req, err);
}

static const struct wait_kind for_keys = {keys_are_settled, answer_batch};
static const struct wait_kind for_snapshot = {snapshot_is_there, answer_batch};
static const struct wait_kind for_progress = {has_passed, answer_state};

/* -- waiting ------------------------------------------------------------------------------- */

/* With the request, however it ends. */
static void
forget(void *object)
{
    struct wait *wait = object;

    LIST_REMOVE(wait, link);
    wait->agent->wait_count--;
    job_free(&wait->deadline);
}

static void
answer(struct wait *wait)
{
    struct err err;

    if (!wait->kind->answer(wait, &err))
        reply_error(wait->req, &err);
    reply_finish(wait->req);
}

static void
reach_deadline(void *object, struct arena *arena)
{
    struct wait *wait = object;

    (void)arena;
    answer(wait);
}

bool
wait_room(const struct agent *agent, struct err *err)
{
    return agent->wait_count < WAITS_MAX || err_set(err, ERR_AGENT_BUSY);
}

static bool
begin(struct req *req, const struct wait_kind *kind, struct wait values, int64_t wait_ms)
{
    struct agent *agent = req->state;
    struct wait *wait = arena_alloc(req->arena, sizeof(*wait));

    *wait = values;
    wait->agent = agent;
    wait->req = req;
    wait->kind = kind;
    for (size_t i = 0; i < agent->count; i++)
        wait->then[i] = agent->components[i].converged;
    job_init(&wait->deadline, &agent->loop, reach_deadline, wait);
    job_in(&wait->deadline, wait_ms * USEC_MS);
    LIST_INSERT_HEAD(&agent->waits, wait, link);
    agent->wait_count++;
    arena_defer(req->arena, forget, wait);
    engine_wake(agent);
    return reply_later(req);
}

bool
wait_for_keys(struct req *req, const struct touched_list *touched, struct err *err)
{
    const struct agent *agent = req->state;

    return wait_room(agent, err) &&
        begin(req, &for_keys, (struct wait){.touched = *touched},
            agent->settings->agent_apply_wait_ms);
}

bool
wait_for_snapshot(struct req *req, struct err *err)
{
    const struct agent *agent = req->state;

    return wait_room(agent, err) &&
        begin(req, &for_snapshot, (struct wait){.after = agent->state.meta.desired_gen},
            agent->settings->agent_apply_wait_ms);
}

bool
wait_for_progress(struct req *req, int64_t after, int64_t wait_ms, struct err *err)
{
    return wait_room(req->state, err) &&
        begin(req, &for_progress, (struct wait){.after = after}, wait_ms);
}

void
waits_turn(struct agent *agent)
{
    struct wait *wait = LIST_FIRST(&agent->waits);

    while (wait != NULL) {
        struct wait *next = LIST_NEXT(wait, link);

        if (wait->kind->over(wait))
            answer(wait);
        wait = next;
    }
}

void
waits_end(struct agent *agent)
{
    while (!LIST_EMPTY(&agent->waits))
        answer(LIST_FIRST(&agent->waits));
}
