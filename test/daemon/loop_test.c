#include "daemon/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

#include "harness/check.h"

static struct loop loop;
static struct err err;

static struct {
    int periodic, woken, failing, jobs, stops;
    bool in_stop;
} seen;

/* -- tasks --------------------------------------------------------------------------------- */

static bool
periodic(void *state, struct arena *arena, struct err *error)
{
    (void)error;
    CHECK(state == &seen && arena->used_bytes == 0);
    arena_alloc(arena, 100);
    if (++seen.periodic == 3)
        loop_stop(&loop);
    return true;
}

static bool
woken(void *state, struct arena *arena, struct err *error)
{
    (void)state, (void)arena, (void)error;
    seen.woken++;
    return true;
}

/* Fails twice, then works and ends the loop. */
static bool
failing(void *state, struct arena *arena, struct err *error)
{
    (void)state, (void)arena;
    if (++seen.failing < 3)
        return err_set(error, ERR_DATABASE_AWAY);
    loop_stop(&loop);
    return true;
}

static bool
signals_itself(void *state, struct arena *arena, struct err *error)
{
    (void)state, (void)arena, (void)error;
    CHECK(kill(getpid(), SIGTERM) == 0);
    return true;
}

static const struct task with_period[] = {{"periodic", 1 * USEC_MS, periodic}, {"woken", 0, woken}};
static const struct task with_failures[] = {{"failing", 1 * USEC_MS, failing}};
static const struct task with_signal[] = {{"signals", 3600 * USEC_SEC, signals_itself}};

static void
start(const struct task *tasks, size_t count)
{
    seen.periodic = seen.woken = seen.failing = seen.jobs = seen.stops = 0;
    CHECK(loop_init(&loop, tasks, count, &seen, &err));
}

/* -- the tests ----------------------------------------------------------------------------- */

static void
test_a_task_runs_again_after_its_period_with_an_empty_arena(void)
{
    start(with_period, COUNT(with_period));
    loop_run(&loop);
    CHECK_INT(3, seen.periodic);
    CHECK_INT(0, seen.woken);
    loop_free(&loop);
}

static void
test_many_wakes_are_one_run(void)
{
    start(with_period, COUNT(with_period));
    loop_wake(&loop, woken);
    loop_wake_in(&loop, woken, 1 * USEC_SEC);
    loop_wake(&loop, woken);
    loop_run(&loop);
    CHECK_INT(1, seen.woken);
    loop_free(&loop);
}

static void
test_a_failed_task_is_tried_again(void)
{
    start(with_failures, COUNT(with_failures));
    loop_run(&loop);
    CHECK_INT(3, seen.failing);
    loop_free(&loop);
}

static void
count_job(void *state, struct arena *arena)
{
    (void)state, (void)arena;
    seen.jobs++;
    if (seen.in_stop)
        loop_end(&loop);
}

static struct job job;

static void
finish_later(void *state)
{
    (void)state;
    seen.stops++;
    seen.in_stop = true;
    job_in(&job, 1 * USEC_MS);
}

static void
test_a_signal_lets_jobs_finish(void)
{
    start(with_signal, COUNT(with_signal));
    loop.stop = finish_later;
    job_init(&job, &loop, count_job, NULL);
    loop_run(&loop);
    CHECK_INT(1, seen.stops);
    CHECK_INT(1, seen.jobs);
    job_free(&job);
    loop_free(&loop);
}

static void
never_finishes(void *state)
{
    (void)state;
    seen.stops++;
}

static void
test_the_grace_ends_what_does_not_finish(void)
{
    start(with_signal, COUNT(with_signal));
    loop.stop = never_finishes;
    loop.grace = 5 * USEC_MS;
    loop_run(&loop);
    CHECK_INT(1, seen.stops);
    loop_free(&loop);
}

static void
test_a_cancelled_job_does_not_run(void)
{
    start(with_period, COUNT(with_period));
    job_init(&job, &loop, count_job, NULL);
    job_in(&job, 0);
    CHECK(job_pending(&job));
    job_cancel(&job);
    CHECK(!job_pending(&job));
    loop_run(&loop);
    CHECK_INT(0, seen.jobs);
    job_free(&job);
    loop_free(&loop);
}

static void
test_jitter_stays_below_its_limit(void)
{
    CHECK_INT(0, jitter(0));
    CHECK_INT(0, jitter(1));
    for (int i = 0; i < 1000; i++) {
        usec_t drawn = jitter(10);
        if (drawn < 0 || drawn >= 10)
            check_failed(CHECK_PLACE, "drawn %lld", (long long)drawn);
    }
}

int
main(void)
{
    test_a_task_runs_again_after_its_period_with_an_empty_arena();
    test_many_wakes_are_one_run();
    test_a_failed_task_is_tried_again();
    test_a_signal_lets_jobs_finish();
    test_the_grace_ends_what_does_not_finish();
    test_a_cancelled_job_does_not_run();
    test_jitter_stays_below_its_limit();
    loop_free(&loop);
    return check_report("daemon/loop");
}
