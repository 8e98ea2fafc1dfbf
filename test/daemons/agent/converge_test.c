/* Gateways that fail, forget, lag and hold what nobody wished. */
#include "agent/component.h"
#include "agent/engine.h"
#include "daemons/agent/script.h"

/* -- failures ------------------------------------------------------------------------------ */

static void
test_a_key_that_fails_is_tried_again(void)
{
    struct script script = {.failures = 3};
    struct lab lab;

    open_with(&lab, &script, "a");
    change(&lab, 11, "b", 1, "{}");
    CHECK_INT(11, lab_int(&lab, "converged.xray"));
    CHECK_INT(0, lab_length(&lab, "rejected"));
    CHECK_STR("b b b b ", script.order);
    lab_close(&lab);
}

static void
test_a_key_that_fails_holds_back_its_own_component_only(void)
{
    struct script script = {.hold = "b"};
    struct lab lab;

    open_with(&lab, &script, "a");
    lab.settings.agent_apply_wait_ms = 20;
    change(&lab, 11, "b", 1, "{}");
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    CHECK_INT(11, lab_int(&lab, "converged.bundle"));
    change(&lab, 12, "c", 1, "{}");
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    CHECK(memory_has(lab_memory(&lab, "xray"), "c", 1)); /* the next key did not wait */
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(1, lab_int(&lab, "components.xray.behind"));
    component_done(agent_component(&lab.agent, "xray"), script.held);
    lab_until(&lab, has_caught_up);
    lab_close(&lab);
}

static void
test_too_many_failures_are_a_rejection(void)
{
    struct script script = {.failures = 1000};
    struct lab lab;

    open_with(&lab, &script, "a");
    lab_call(&lab, "POST", "/v1/events",
        "{'epoch':'" EPOCH "','token':1,'from':10,'to':11,'max_attempts':3,'events':[{'gen':11,"
        "'event_type':'X','component':'xray','aggregate_id':'b','ver':4,'payload':{}}]}");
    CHECK_STR("b b b ", script.order);
    CHECK_STR("attempts", lab_text(&lab, "rejected.0.code"));
    CHECK_STR("not now", lab_text(&lab, "rejected.0.detail"));
    CHECK_INT(4, lab_int(&lab, "rejected.0.ver"));
    CHECK_INT(11, lab_int(&lab, "converged.xray"));
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR("b", lab_text(&lab, "rejected.0.aggregate_id"));
    script.failures = 0;
    change(&lab, 12, "b", 4, "{}"); /* asked for once more */
    CHECK(memory_has(lab_memory(&lab, "xray"), "b", 4));
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_INT(0, lab_length(&lab, "rejected"));
    lab_close(&lab);
}

static void
test_what_can_never_succeed_is_rejected_alone(void)
{
    struct script script = {.reject = "b"};
    struct lab lab;
    struct arena arena = {0};

    open_with(&lab, &script, "a");
    lab_batch(&lab, 10, 13,
        arena_printf(&arena, "%s,%s,%s", lab_event(&arena, 11, "xray", "c", 1, "{}"),
            lab_event(&arena, 12, "xray", "b", 1, "{}"),
            lab_event(&arena, 13, "xray", "d", 1, "{}")));
    CHECK_INT(1, lab_length(&lab, "rejected"));
    CHECK_STR("bad_id", lab_text(&lab, "rejected.0.code"));
    CHECK_INT(13, lab_int(&lab, "converged.xray"));
    CHECK(memory_has(lab_memory(&lab, "xray"), "d", 1));
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- away and back ------------------------------------------------------------------------- */

static void
test_a_gateway_that_is_down_is_behind_and_catches_up(void)
{
    struct script script = {0};
    struct lab lab;

    open_with(&lab, &script, "ab");
    lab.settings.agent_apply_wait_ms = 20;
    component_down(agent_component(&lab.agent, "xray"), "connection refused");
    change(&lab, 11, "a", 2, NULL);
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    CHECK_STR("", script.order);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR("false", lab_text(&lab, "components.xray.ok"));
    CHECK_STR("connection refused", lab_text(&lab, "components.xray.error"));
    component_up(agent_component(&lab.agent, "xray"), "memory");
    lab_until(&lab, has_caught_up);
    CHECK(works_find(&lab_memory(&lab, "xray")->held, "a") == NULL);
    CHECK(memory_has(lab_memory(&lab, "xray"), "b", 1));
    lab_close(&lab);
}

static bool
has_all(struct lab *lab)
{
    struct memory *xray = lab_memory(lab, "xray");

    return memory_has(xray, "a", 1) && memory_has(xray, "b", 1) && memory_has(xray, "c", 1);
}

static void
test_a_gateway_that_restarted_empty_gets_everything_back(void)
{
    struct script script = {0};
    struct lab lab;

    open_with(&lab, &script, "abc");
    memory_restart(lab_memory(&lab, "xray"), "another run");
    lab_until(&lab, has_all);
    lab_until(&lab, has_caught_up);
    lab_call(&lab, "GET", "/v1/state", NULL);
    CHECK_STR("another run", lab_text(&lab, "components.xray.boot"));
    lab_close(&lab);
}

static bool
has_swept(struct lab *lab)
{
    return agent_component(&lab->agent, "xray")->foreign_removed > 0;
}

static void
test_what_nobody_wished_is_removed_and_what_is_missing_comes_back(void)
{
    struct script script = {0};
    struct lab lab;

    open_with(&lab, &script, "abc");
    memory_set(lab_memory(&lab, "xray"), "foreign", 1);
    memory_set(lab_memory(&lab, "xray"), "b", 0);
    component_suspect(agent_component(&lab.agent, "xray"));
    lab_until(&lab, has_swept);
    CHECK(has_all(&lab));
    CHECK(works_find(&lab_memory(&lab, "xray")->held, "foreign") == NULL);
    CHECK_INT(1, agent_component(&lab.agent, "xray")->foreign_removed);
    lab_close(&lab);
}

static void
test_it_is_compared_from_time_to_time(void)
{
    struct script script = {0};
    struct lab lab;

    open_with(&lab, &script, "abc");
    memory_set(lab_memory(&lab, "xray"), "c", 0);
    agent_component(&lab.agent, "xray")->compare_at = time_monotonic(); /* the minute is over */
    engine_wake(&lab.agent);
    lab_until(&lab, has_all);
    CHECK(agent_component(&lab.agent, "xray")->compare_at > time_monotonic());
    lab_close(&lab);
}

static void
finish_cut(struct lab *lab, struct script *script)
{
    component_applied(agent_component(&lab->agent, "xray"), script->held);
    component_applied(agent_component(&lab->agent, "xray"), script->held); /* said twice */
    component_done(agent_component(&lab->agent, "xray"), script->held);
}

/* A snapshot that comes in the middle: what runs is waited for, then all is compared. */
static void
test_a_snapshot_waits_for_what_runs(void)
{
    struct script script = {.hold = "b"};
    struct lab lab;
    struct arena arena = {0};

    open_with(&lab, &script, "a");
    lab.settings.agent_apply_wait_ms = 20;
    change(&lab, 11, "b", 1, "{}");
    int64_t compared = lab_memory(&lab, "xray")->compared;
    lab_snapshot(&lab, "s2", 12, lab_event(&arena, 0, "xray", "a", 1, "{}"));
    CHECK_INT(compared, lab_memory(&lab, "xray")->compared);
    finish_cut(&lab, &script);
    script.hold = NULL;
    lab_until(&lab, has_caught_up);
    CHECK_INT(compared + 1, lab_memory(&lab, "xray")->compared);
    CHECK(works_find(&lab_memory(&lab, "xray")->held, "b") == NULL);
    arena_reset(&arena);
    lab_close(&lab);
}

static void
test_a_key_that_keeps_failing_makes_pauses(void)
{
    struct script script = {.failures = 1000};
    struct lab lab;

    open_with(&lab, &script, "a");
    lab.agent.retry_least = 60 * USEC_SEC;
    lab.settings.agent_apply_wait_ms = 20;
    change(&lab, 11, "b", 1, "{}");
    CHECK_STR("b ", script.order);
    script.failures = 0;
    change(&lab, 12, "b", 2, "{}"); /* a newer wish does not wait for the pause to end */
    CHECK_STR("b b ", script.order);
    CHECK_INT(12, lab_int(&lab, "converged.xray"));
    lab_close(&lab);
}

/* -- work in progress ---------------------------------------------------------------------- */

static void
test_cutting_holds_back_the_generation_but_no_answer(void)
{
    struct script script = {.hold = "a", .cut_later = true};
    struct lab lab;

    open_with(&lab, &script, "ab");
    lab.settings.agent_apply_wait_ms = 60000; /* it would not be waited for */
    change(&lab, 11, "a", 2, NULL);
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    change(&lab, 12, "b", 2, "{}");
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    component_done(agent_component(&lab.agent, "xray"), script.held);
    lab_until(&lab, has_caught_up);
    CHECK_INT(12, agent_component(&lab.agent, "xray")->converged);
    lab_close(&lab);
}

static void
test_a_report_about_an_older_wish_does_not_count(void)
{
    struct script script = {.hold = "b"};
    struct lab lab;

    open_with(&lab, &script, "a");
    lab.settings.agent_apply_wait_ms = 20;
    change(&lab, 11, "b", 1, "{}");
    ticket_t old = script.held;
    change(&lab, 12, "b", 2, NULL);
    CHECK(script.held == old); /* one at a time for each key */
    component_done(agent_component(&lab.agent, "xray"), old);
    script.hold = NULL;
    lab_until(&lab, has_caught_up);
    CHECK_STR("b -b ", script.order);
    component_done(agent_component(&lab.agent, "xray"), old); /* and once more, much later */
    CHECK(works_find(&lab_memory(&lab, "xray")->held, "b") == NULL);
    lab_close(&lab);
}

/* The generation of the first wish is not passed by a newer one for the same key. */
static void
test_a_newer_wish_does_not_prove_the_older(void)
{
    struct script script = {.hold = "a"};
    struct lab lab;

    open_with(&lab, &script, "a");
    lab.settings.agent_apply_wait_ms = 20;
    change(&lab, 11, "a", 2, NULL);
    change(&lab, 12, "b", 1, "{}");
    change(&lab, 13, "a", 3, "{}");
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    lab_close(&lab);
}

static void
test_a_snapshot_adds_before_it_removes(void)
{
    struct script script = {0};
    struct lab lab;
    struct arena arena = {0};

    open_with(&lab, &script, "abc");
    lab_snapshot(&lab, "s2", 20,
        arena_printf(&arena, "%s,%s,%s", lab_event(&arena, 0, "xray", "a", 1, "{}"),
            lab_event(&arena, 0, "xray", "y", 1, "{}"),
            lab_event(&arena, 0, "xray", "z", 1, "{}")));
    CHECK_STR("y z -b -c ", script.order); /* a was found as wished */
    CHECK_INT(20, lab_int(&lab, "converged.xray"));
    arena_reset(&arena);
    lab_close(&lab);
}

/* -- waiting for progress ------------------------------------------------------------------ */

static void
finish_held(evutil_socket_t fd, short events, void *object)
{
    struct lab *lab = object;
    const struct script *script = lab_memory(lab, "xray")->object;

    (void)fd, (void)events;
    component_done(agent_component(&lab->agent, "xray"), script->held);
}

static void
test_a_state_that_is_waited_for_comes_with_the_progress(void)
{
    struct script script = {.hold = "b"};
    const struct timeval soon = {.tv_usec = 1000};
    struct lab lab;

    open_with(&lab, &script, "a");
    lab.settings.agent_apply_wait_ms = 20;
    change(&lab, 11, "b", 1, "{}");
    lab_call(&lab, "GET", "/v1/state?after=9&wait_ms=2000", NULL);
    CHECK_INT(10, lab_int(&lab, "converged.xray")); /* at once: all stand above 9 */
    lab_call(&lab, "GET", "/v1/state?after=10&wait_ms=20", NULL);
    CHECK_INT(10, lab_int(&lab, "converged.xray")); /* after 20 ms */
    event_base_once(lab.agent.loop.base, -1, EV_TIMEOUT, finish_held, &lab, &soon);
    lab_call(&lab, "GET", "/v1/state?after=10&wait_ms=2000", NULL);
    CHECK_INT(11, lab_int(&lab, "converged.xray"));
    lab_call(&lab, "GET", "/v1/state?after=10&wait_ms=2001", NULL);
    CHECK_INT(422, lab.status);
    lab_close(&lab);
}

static void
test_a_component_that_comes_later_takes_what_waited_for_it(void)
{
    struct lab lab;
    struct arena arena = {0};

    lab_open(&lab, "xray");
    lab_snapshot(&lab, "s1", 10, lab_event(&arena, 0, "hysteria", "h", 1, "{}"));
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    lab.settings.agent_components = "xray,hysteria";
    lab_reopen(&lab);
    lab_call(&lab, "GET", "/v1/state?after=9&wait_ms=2000", NULL);
    CHECK_INT(10, lab_int(&lab, "converged.hysteria"));
    CHECK(memory_has(lab_memory(&lab, "hysteria"), "h", 1));
    arena_reset(&arena);
    lab_close(&lab);
}

int
main(void)
{
    test_a_key_that_fails_is_tried_again();
    test_a_key_that_fails_holds_back_its_own_component_only();
    test_too_many_failures_are_a_rejection();
    test_what_can_never_succeed_is_rejected_alone();
    test_a_gateway_that_is_down_is_behind_and_catches_up();
    test_a_gateway_that_restarted_empty_gets_everything_back();
    test_what_nobody_wished_is_removed_and_what_is_missing_comes_back();
    test_it_is_compared_from_time_to_time();
    test_a_snapshot_waits_for_what_runs();
    test_a_key_that_keeps_failing_makes_pauses();
    test_cutting_holds_back_the_generation_but_no_answer();
    test_a_report_about_an_older_wish_does_not_count();
    test_a_newer_wish_does_not_prove_the_older();
    test_a_snapshot_adds_before_it_removes();
    test_a_state_that_is_waited_for_comes_with_the_progress();
    test_a_component_that_comes_later_takes_what_waited_for_it();
    return check_report("agent/converge");
}
