#include "dispatcher/pace.h"

#include <assert.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/str.h"

#define FIRST_WAIT        (250 * USEC_MS)
#define LONGEST_WAIT      (60 * USEC_SEC)
#define SHORTEST_WAIT     (100 * USEC_MS)
#define RETRY_AFTER_LIMIT (300 * USEC_SEC)
#define PROBE_WAIT        (2 * USEC_SEC)
#define PROBE_JITTER      (3 * USEC_SEC)
#define BUSY_WAIT         (10 * USEC_SEC)
#define BUSY_JITTER       (10 * USEC_SEC)

enum {
    FAILS_TRIP = 5,
    HISTORY_LENGTH = 20,
    DOUBLINGS_MAX = 16
};

const char *const breaker_names[] = {
    [BREAKER_CLOSED] = "closed",
    [BREAKER_HALF_OPEN] = "half_open",
    [BREAKER_OPEN] = "open",
    NULL,
};

enum breaker
breaker_find(const char *name)
{
    for (int i = 0; breaker_names[i] != NULL; i++) {
        if (str_eq(breaker_names[i], name))
            return (enum breaker)i;
    }
    return BREAKER_CLOSED;
}

/* -- the breaker --------------------------------------------------------------------------- */

/* What the table is asked: an event, or a failure that is one too many. */
enum step {
    STEP_LOOKED,
    STEP_DELIVERED,
    STEP_FAILED,
    STEP_TRIPPED,
    STEPS
};

enum action {
    REST,
    GROW,        /* larger batches */
    START_SMALL, /* 32 events */
    WAIT_RETRY,
    WAIT_PROBE
};

struct transition {
    enum breaker from;
    enum step step;
    enum breaker to;
    enum action action;
};

/* A batch is never sent while the breaker is open: that pair is a bug. */
static const struct transition transitions[] = {
    {BREAKER_CLOSED, STEP_LOOKED, BREAKER_CLOSED, REST},
    {BREAKER_CLOSED, STEP_DELIVERED, BREAKER_CLOSED, GROW},
    {BREAKER_CLOSED, STEP_FAILED, BREAKER_CLOSED, WAIT_RETRY},
    {BREAKER_CLOSED, STEP_TRIPPED, BREAKER_OPEN, WAIT_PROBE},
    {BREAKER_HALF_OPEN, STEP_LOOKED, BREAKER_HALF_OPEN, REST},
    {BREAKER_HALF_OPEN, STEP_DELIVERED, BREAKER_CLOSED, GROW},
    {BREAKER_HALF_OPEN, STEP_FAILED, BREAKER_OPEN, WAIT_PROBE},
    {BREAKER_HALF_OPEN, STEP_TRIPPED, BREAKER_OPEN, WAIT_PROBE},
    {BREAKER_OPEN, STEP_LOOKED, BREAKER_HALF_OPEN, START_SMALL},
    {BREAKER_OPEN, STEP_FAILED, BREAKER_OPEN, WAIT_PROBE},
    {BREAKER_OPEN, STEP_TRIPPED, BREAKER_OPEN, WAIT_PROBE},
};

static const struct transition *
find_transition(enum breaker from, enum step step)
{
    for (size_t i = 0; i < COUNT(transitions); i++) {
        if (transitions[i].from == from && transitions[i].step == step)
            return &transitions[i];
    }
    assert(false); /* a transition that is not in the table */
    return &transitions[0];
}

/* -- what has been ------------------------------------------------------------------------- */

static void
remember(struct pace *pace, bool failed)
{
    pace->history = (pace->history << 1 | (failed ? 1U : 0U)) & ((1U << HISTORY_LENGTH) - 1);
    pace->attempts += pace->attempts < HISTORY_LENGTH ? 1 : 0;
}

static bool
trips(const struct pace *pace)
{
    return pace->fails >= FAILS_TRIP ||
        (pace->attempts == HISTORY_LENGTH &&
            __builtin_popcount(pace->history) * 2 >= HISTORY_LENGTH);
}

static usec_t
retry_wait(const struct pace *pace, draw_fn *draw)
{
    int64_t before = pace->fails < 1 ? 0 : pace->fails - 1;
    int64_t doublings = before < DOUBLINGS_MAX ? before : DOUBLINGS_MAX;
    usec_t bound = FIRST_WAIT << doublings;
    usec_t wait = draw(bound < LONGEST_WAIT ? bound : LONGEST_WAIT);

    return wait > SHORTEST_WAIT ? wait : SHORTEST_WAIT;
}

/* A look costs next to nothing, and a node that is back shall not be waited for; but to one that
 * cannot keep up every question is more to do. */
static usec_t
probe_wait(enum pace_event event, draw_fn *draw)
{
    return event == PACE_TIMED_OUT ? BUSY_WAIT + draw(BUSY_JITTER)
                                   : PROBE_WAIT + draw(PROBE_JITTER);
}

static usec_t
act(struct pace *pace, enum action action, enum pace_event event, draw_fn *draw)
{
    int64_t doubled = pace->batch_size * 2;

    switch (action) {
    case GROW:
        pace->batch_size = doubled < pace->batch_limit ? doubled : pace->batch_limit;
        break;
    case START_SMALL:
        pace->batch_size = BATCH_FIRST < pace->batch_limit ? BATCH_FIRST : pace->batch_limit;
        pace->history = 0;
        pace->attempts = 0;
        break;
    case WAIT_RETRY:
        return retry_wait(pace, draw);
    case WAIT_PROBE:
        return probe_wait(event, draw);
    case REST:
        break;
    }
    return 0;
}

static enum step
note_success(struct pace *pace, enum pace_event event)
{
    pace->fails = 0;
    if (event == PACE_LOOKED)
        return STEP_LOOKED;
    remember(pace, false);
    return STEP_DELIVERED;
}

static enum step
note_failure(struct pace *pace, enum pace_event event)
{
    pace->fails++;
    remember(pace, true);
    if (event == PACE_TIMED_OUT)
        pace_halve(pace, pace->batch_size);
    return trips(pace) ? STEP_TRIPPED : STEP_FAILED;
}

usec_t
pace_note(struct pace *pace, enum pace_event event, usec_t retry_after, draw_fn *draw)
{
    bool good = event == PACE_LOOKED || event == PACE_DELIVERED;
    enum step step = good ? note_success(pace, event) : note_failure(pace, event);
    const struct transition *found = find_transition((enum breaker)pace->breaker, step);

    pace->breaker = (int)found->to;
    usec_t wait = act(pace, found->action, event, draw);
    usec_t asked = retry_after < RETRY_AFTER_LIMIT ? retry_after : RETRY_AFTER_LIMIT;
    return good || wait > asked ? wait : asked;
}

void
pace_halve(struct pace *pace, int64_t events)
{
    pace->batch_size = events > 1 ? events / 2 : 1;
}
