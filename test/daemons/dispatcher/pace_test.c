#include "dispatcher/pace.h"

#include <stdio.h>

#include "harness/check.h"

static usec_t
least(usec_t limit)
{
    (void)limit;
    return 0;
}

static usec_t
most(usec_t limit)
{
    return limit - 1;
}

static struct pace
fresh(void)
{
    return (struct pace){.batch_size = 64, .batch_limit = BATCH_LIMIT};
}

/* -- the breaker --------------------------------------------------------------------------- */

/* A story: what happens, and how the node stands then. */
struct moment {
    enum pace_event event;
    int times;
    enum breaker breaker;
    int64_t fails, batch_size;
};

static void
tell(const char *title, const struct moment *story, size_t count)
{
    struct pace pace = fresh();

    for (size_t i = 0; i < count; i++) {
        for (int n = 0; n < story[i].times; n++)
            pace_note(&pace, story[i].event, 0, most);
        if ((int)story[i].breaker != pace.breaker || story[i].fails != pace.fails ||
            story[i].batch_size != pace.batch_size)
            check_failed(CHECK_PLACE, "%s, %zu: %s, %lld fails, batch %lld", title, i,
                breaker_names[pace.breaker], (long long)pace.fails, (long long)pace.batch_size);
        else
            check_passed();
    }
}

static void
test_five_failures_in_a_row_open_it(void)
{
    static const struct moment story[] = {
        {PACE_FAILED, 4, BREAKER_CLOSED, 4, 64},
        {PACE_FAILED, 1, BREAKER_OPEN, 5, 64},
        {PACE_FAILED, 3, BREAKER_OPEN, 8, 64},
        {PACE_LOOKED, 1, BREAKER_HALF_OPEN, 0, 32},
        {PACE_LOOKED, 1, BREAKER_HALF_OPEN, 0, 32},
        {PACE_DELIVERED, 1, BREAKER_CLOSED, 0, 64},
        {PACE_DELIVERED, 9, BREAKER_CLOSED, 0, 512},
    };

    tell("five in a row", story, COUNT(story));
}

static void
test_a_success_between_keeps_it_closed(void)
{
    static const struct moment story[] = {
        {PACE_FAILED, 4, BREAKER_CLOSED, 4, 64},
        {PACE_DELIVERED, 1, BREAKER_CLOSED, 0, 128},
        {PACE_FAILED, 4, BREAKER_CLOSED, 4, 128},
    };

    tell("a success between", story, COUNT(story));
}

static void
test_a_failure_while_half_open_opens_it_again(void)
{
    static const struct moment story[] = {
        {PACE_FAILED, 5, BREAKER_OPEN, 5, 64},
        {PACE_LOOKED, 1, BREAKER_HALF_OPEN, 0, 32},
        {PACE_FAILED, 1, BREAKER_OPEN, 1, 32},
    };

    tell("half open", story, COUNT(story));
}

static void
test_a_timeout_halves_the_batch(void)
{
    static const struct moment story[] = {
        {PACE_TIMED_OUT, 1, BREAKER_CLOSED, 1, 32},
        {PACE_TIMED_OUT, 1, BREAKER_CLOSED, 2, 16},
        {PACE_DELIVERED, 1, BREAKER_CLOSED, 0, 32},
    };

    tell("timeouts", story, COUNT(story));
}

static void
test_half_of_the_last_twenty_open_it(void)
{
    struct pace pace = fresh();

    for (int i = 0; i < 9; i++) {
        pace_note(&pace, PACE_DELIVERED, 0, least);
        pace_note(&pace, PACE_FAILED, 0, least);
    }
    pace_note(&pace, PACE_DELIVERED, 0, least);
    CHECK_INT(BREAKER_CLOSED, pace.breaker);
    pace_note(&pace, PACE_FAILED, 0, least);
    CHECK_INT(BREAKER_OPEN, pace.breaker);
    CHECK_INT(1, pace.fails);
}

/* -- waiting ------------------------------------------------------------------------------- */

/* Whatever the reason was, when it is gone the node is written to within seconds. */
static void
test_waits_double_until_it_opens_and_have_a_floor(void)
{
    static const usec_t bounds[] = {250, 500, 1000, 2000};
    struct pace low = fresh(), high = fresh();

    for (size_t i = 0; i < COUNT(bounds); i++) {
        CHECK_INT(100 * USEC_MS, pace_note(&low, PACE_FAILED, 0, least));
        CHECK_INT(bounds[i] * USEC_MS - 1, pace_note(&high, PACE_FAILED, 0, most));
    }
    for (size_t i = 0; i < 100; i++) {
        CHECK_INT(2 * USEC_SEC, pace_note(&low, PACE_FAILED, 0, least));
        CHECK_INT(5 * USEC_SEC - 1, pace_note(&high, PACE_FAILED, 0, most));
    }
    CHECK_INT(0, pace_note(&high, PACE_LOOKED, 0, most));
    CHECK_INT(0, pace_note(&high, PACE_DELIVERED, 0, most));
}

static void
test_one_that_cannot_keep_up_is_left_alone_for_longer(void)
{
    struct pace low = fresh(), high = fresh();

    for (size_t i = 0; i < 4; i++) {
        pace_note(&low, PACE_TIMED_OUT, 0, least);
        pace_note(&high, PACE_TIMED_OUT, 0, most);
    }
    CHECK_INT(10 * USEC_SEC, pace_note(&low, PACE_TIMED_OUT, 0, least));
    CHECK_INT(20 * USEC_SEC - 1, pace_note(&high, PACE_TIMED_OUT, 0, most));
}

static void
test_retry_after_is_honoured_up_to_five_minutes(void)
{
    struct pace pace = fresh();

    CHECK_INT(7 * USEC_SEC, pace_note(&pace, PACE_FAILED, 7 * USEC_SEC, most));
    CHECK_INT(300 * USEC_SEC, pace_note(&pace, PACE_FAILED, 4000 * USEC_SEC, most));
    CHECK_INT(0, pace_note(&pace, PACE_DELIVERED, 7 * USEC_SEC, most));
}

static void
test_what_is_too_much_is_halved_down_to_one(void)
{
    struct pace pace = fresh();

    pace_halve(&pace, 7);
    CHECK_INT(3, pace.batch_size);
    pace_halve(&pace, 1);
    CHECK_INT(1, pace.batch_size);
}

int
main(void)
{
    test_five_failures_in_a_row_open_it();
    test_a_success_between_keeps_it_closed();
    test_a_failure_while_half_open_opens_it_again();
    test_a_timeout_halves_the_batch();
    test_half_of_the_last_twenty_open_it();
    test_waits_double_until_it_opens_and_have_a_floor();
    test_one_that_cannot_keep_up_is_left_alone_for_longer();
    test_retry_after_is_honoured_up_to_five_minutes();
    test_what_is_too_much_is_halved_down_to_one();
    return check_report("dispatcher/pace");
}
