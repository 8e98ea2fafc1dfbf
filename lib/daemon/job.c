#include <assert.h>
#include <event2/event.h>

#include "daemon/loop.h"

static void
run_job(evutil_socket_t unused_fd, short unused_events, void *object)
{
    struct job *job = object;
    struct arena arena = {0};

    (void)unused_fd, (void)unused_events;
    job->run(job->state, &arena);
    arena_reset(&arena);
}

void
job_init(struct job *job, struct loop *loop, job_fn *run, void *state)
{
    *job = (struct job){.run = run, .state = state};
    job->timer = evtimer_new(loop->base, run_job, job);
    assert(job->timer != NULL); /* only without memory */
}

void
job_free(struct job *job)
{
    if (job->timer != NULL)
        event_free(job->timer);
    *job = (struct job){0};
}

void
job_in(struct job *job, usec_t delay)
{
    usec_t wait = delay > 0 ? delay : 0;
    struct timeval tv = {(time_t)(wait / USEC_SEC), (suseconds_t)(wait % USEC_SEC)};

    evtimer_add(job->timer, &tv);
}

void
job_cancel(struct job *job)
{
    evtimer_del(job->timer);
}

bool
job_pending(const struct job *job)
{
    return job->timer != NULL && evtimer_pending(job->timer, NULL) != 0;
}
