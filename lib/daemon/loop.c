#include "daemon/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/util.h>
#include <signal.h>

#include "base/log.h"

#define BACKOFF_FIRST (100 * USEC_MS)
#define BACKOFF_LIMIT (5 * USEC_SEC)
#define GRACE         (8 * USEC_SEC)

/* A task and how it fares. */
struct run {
    const struct task *task;
    struct loop *loop;
    struct event *timer;
    usec_t due; /* on the monotonic clock; 0: not set */
    unsigned fails;
    enum err_code logged; /* of the failure that was logged */
};

usec_t
jitter(usec_t limit)
{
    uint64_t bits;

    evutil_secure_rng_get_bytes(&bits, sizeof(bits));
    return limit <= 0 ? 0 : (usec_t)(bits % (uint64_t)limit);
}

static void
start_timer(struct event *timer, usec_t delay)
{
    usec_t wait = delay > 0 ? delay : 0;
    struct timeval tv = {(time_t)(wait / USEC_SEC), (suseconds_t)(wait % USEC_SEC)};

    evtimer_add(timer, &tv);
}

/* -- tasks --------------------------------------------------------------------------------- */

static void
schedule(struct run *run, usec_t delay)
{
    run->due = time_monotonic() + delay;
    start_timer(run->timer, delay);
}

static usec_t
backoff(const struct run *run)
{
    usec_t limit = run->task->period > BACKOFF_LIMIT ? run->task->period : BACKOFF_LIMIT;
    usec_t bound = BACKOFF_FIRST << (run->fails < 16 ? run->fails : 16);

    return 1 + jitter(bound < limit ? bound : limit);
}

static void
note_success(struct run *run)
{
    if (run->fails > 0)
        log_info("task=%s works again after %u failures", run->task->name, run->fails);
    run->fails = 0;
    run->logged = ERR_NONE;
}

static void
note_failure(struct run *run, const struct err *err)
{
    if (run->logged != err->code)
        log_error("task=%s code=%s %s, trying again", run->task->name, err_kinds[err->code].code,
            err->detail);
    run->logged = err->code;
    run->fails++;
}

/* A task that was woken while it ran keeps that time. */
static void
run_task(evutil_socket_t unused_fd, short unused_events, void *object)
{
    struct run *run = object;
    struct arena arena = {0};
    struct err err = {0};

    (void)unused_fd, (void)unused_events;
    if (run->loop->stopping)
        return;
    run->due = 0;
    bool done = run->task->run(run->loop->state, &arena, &err);
    arena_reset(&arena);
    if (done)
        note_success(run);
    else
        note_failure(run, &err);
    if (!done)
        schedule(run, backoff(run));
    else if (run->due == 0 && run->task->period > 0)
        schedule(run, run->task->period);
}

void
loop_wake_in(struct loop *loop, task_fn *task, usec_t delay)
{
    for (size_t i = 0; i < loop->count; i++) {
        struct run *run = &loop->runs[i];

        if (run->task->run != task)
            continue;
        if (run->due == 0 || run->due > time_monotonic() + delay)
            schedule(run, delay);
        return;
    }
    assert(false); /* the task is not in the table */
}

void
loop_wake(struct loop *loop, task_fn *task)
{
    loop_wake_in(loop, task, 0);
}

/* -- the end ------------------------------------------------------------------------------- */

static void
end_now(evutil_socket_t unused_fd, short unused_events, void *object)
{
    (void)unused_fd, (void)unused_events;
    log_error("not finished in time, ending");
    loop_end(object);
}

static void
on_signal(evutil_socket_t number, short unused_events, void *object)
{
    (void)unused_events;
    log_info("signal=%d stopping", (int)number);
    loop_stop(object);
}

void
loop_stop(struct loop *loop)
{
    if (loop->stopping)
        return;
    loop->stopping = true;
    for (size_t i = 0; i < loop->count; i++)
        evtimer_del(loop->runs[i].timer);
    if (loop->stop == NULL) {
        loop_end(loop);
        return;
    }
    start_timer(loop->grace_timer, loop->grace);
    loop->stop(loop->state);
}

void
loop_end(struct loop *loop)
{
    event_base_loopexit(loop->base, NULL);
}

/* -- making one ---------------------------------------------------------------------------- */

/* With timers of microseconds: a poll of 3 ms is to be 3 ms. */
static struct event_base *
make_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

static bool
make_runs(struct loop *loop, const struct task *tasks)
{
    loop->runs = arena_alloc(&loop->arena, loop->count * sizeof(*loop->runs));
    for (size_t i = 0; i < loop->count; i++) {
        struct run *run = &loop->runs[i];

        *run = (struct run){.task = &tasks[i], .loop = loop};
        run->timer = evtimer_new(loop->base, run_task, run);
        if (run->timer == NULL)
            return false;
        if (tasks[i].period > 0)
            schedule(run, 0);
    }
    return true;
}

static bool
make_signals(struct loop *loop)
{
    static const int numbers[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < COUNT(numbers); i++) {
        loop->signals[i] = evsignal_new(loop->base, numbers[i], on_signal, loop);
        if (loop->signals[i] == NULL || evsignal_add(loop->signals[i], NULL) != 0)
            return false;
    }
    loop->grace_timer = evtimer_new(loop->base, end_now, loop);
    return loop->grace_timer != NULL && signal(SIGPIPE, SIG_IGN) != SIG_ERR;
}

bool
loop_init(struct loop *loop, const struct task *tasks, size_t count, void *state, struct err *err)
{
    *loop = (struct loop){.state = state, .grace = GRACE, .count = count};
    loop->base = make_base();
    if (loop->base != NULL && make_runs(loop, tasks) && make_signals(loop))
        return true;
    loop_free(loop);
    return err_say(err, ERR_INTERNAL, "the event loop cannot be made");
}

void
loop_run(struct loop *loop)
{
    event_base_dispatch(loop->base);
}

static void
free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void
loop_free(struct loop *loop)
{
    for (size_t i = 0; loop->runs != NULL && i < loop->count; i++)
        free_event(loop->runs[i].timer);
    free_event(loop->signals[0]);
    free_event(loop->signals[1]);
    free_event(loop->grace_timer);
    if (loop->base != NULL)
        event_base_free(loop->base);
    arena_reset(&loop->arena);
    *loop = (struct loop){0};
}
