/*
 * A daemon is a table of tasks and this loop (libevent, one thread). The loop owns timers, signals,
 * an arena for each turn, the error log and the backoff; a task is one short function.
 *
 *     static const struct task tasks[] = {
 *         {"claim", 1 * USEC_SEC, claim_nodes},
 *         {"partitions", 3600 * USEC_SEC, make_partitions},
 *         {"sequence", 0, sequence},   only when woken
 *     };
 *     struct loop loop;
 *
 *     if (!loop_init(&loop, tasks, COUNT(tasks), &state, &err)) ...
 *     loop_run(&loop);
 *     loop_free(&loop);
 *
 * Sockets, an HTTP server and the like join through loop.base; what they learn they hand on with
 * loop_wake(). Their callbacks run outside a task and bring an arena of their own, or use a job.
 *
 * A task that fails is logged once, not at each repetition, and once more when it works again. It
 * is tried again after a random time up to 100 ms, doubled for each failure, at most 5 s or its
 * period, whichever is longer.
 *
 * SIGTERM and SIGINT are loop_stop(): no task begins any more; `loop.stop`, when set, starts to
 * finish what is under way (jobs, fetches and other events still run) and calls loop_end(). After
 * `loop.grace` the loop ends anyway. SIGPIPE is ignored.
 */
#ifndef TG_DAEMON_LOOP_H
#define TG_DAEMON_LOOP_H

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

struct event;
struct event_base;

typedef bool task_fn(void *state, struct arena *arena, struct err *err);

struct task {
    const char *name; /* in the log */
    usec_t period;    /* from one end to the next start, the first at once; 0: only when woken */
    task_fn *run;
};

struct loop {
    struct event_base *base;
    void *state;               /* what tasks and stop get */
    void (*stop)(void *state); /* NULL: the loop ends at once. May be set after loop_init() */
    usec_t grace;              /* from the signal to the end; 8 s unless set */
    bool stopping;

    struct arena arena; /* of the loop itself */
    struct run *runs;   /* one per task */
    size_t count;
    struct event *signals[2];
    struct event *grace_timer;
};

/* The table must outlive the loop. */
bool loop_init(struct loop *loop, const struct task *tasks, size_t count, void *state,
    struct err *err) MUST_CHECK;

/* Everything that joined loop->base must be gone before. Accepts a zeroed loop. */
void loop_free(struct loop *loop);

/* Until loop_end(). */
void loop_run(struct loop *loop);

void loop_stop(struct loop *loop);
void loop_end(struct loop *loop);

/* Run the task as soon as the loop is free, or after `delay` at the latest; both also cut a backoff
 * short. The task must be in the table. Calls add up to one run. */
void loop_wake(struct loop *loop, task_fn *task);
void loop_wake_in(struct loop *loop, task_fn *task, usec_t delay);

/* -- jobs: something to do once, at a moment ------------------------------------------------ */

typedef void job_fn(void *state, struct arena *arena);

struct job {
    job_fn *run;
    void *state;
    struct event *timer; /* NULL until job_init */
};

void job_init(struct job *job, struct loop *loop, job_fn *run, void *state);
void job_free(struct job *job); /* accepts a zeroed job; never runs afterwards */

/* Once, after `delay`; instead of any earlier time that was set. */
void job_in(struct job *job, usec_t delay);
void job_cancel(struct job *job);
bool job_pending(const struct job *job);

/* A random duration in [0, limit). For jitter, not for secrets. */
usec_t jitter(usec_t limit);

#endif
