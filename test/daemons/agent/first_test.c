/* What waits for what: new wishes for nothing but the first comparison. */
#include "daemons/agent/script.h"

static bool
has_swept(struct lab *lab)
{
    return agent_component(&lab->agent, "xray")->foreign_removed > 0;
}

static bool
is_comparing(struct lab *lab)
{
    return agent_component(&lab->agent, "xray")->phase == PHASE_COMPARE;
}

/* However long the listing of all takes. */
static void
test_a_revocation_does_not_wait_for_a_comparison(void)
{
    struct script script = {0};
    struct lab lab;

    open_with(&lab, &script, "abc");
    struct memory *xray = lab_memory(&lab, "xray");
    lab.settings.agent_apply_wait_ms = 60000; /* it would be waited for */
    memory_set(xray, "foreign", 1);
    memory_set(xray, "c", 0);
    xray->slow = true;
    component_suspect(xray->component);
    lab_until(&lab, is_comparing);
    change(&lab, 11, "b", 2, NULL);
    CHECK(is_comparing(&lab));
    CHECK_STR("-b ", script.order);
    CHECK(works_find(&xray->held, "b") == NULL);
    CHECK_INT(11, lab_int(&lab, "converged.xray"));
    xray->slow = false;
    memory_end_compare(xray);
    lab_until(&lab, has_swept);
    CHECK_STR("-b c ", script.order);
    CHECK(works_find(&xray->held, "b") == NULL);
    lab_close(&lab);
}

/* What came up anew is compared first: before, nobody knows what it holds. */
static void
test_nothing_is_handed_out_before_the_first_comparison(void)
{
    struct script script = {0};
    struct lab lab;

    open_with(&lab, &script, "ab");
    struct memory *xray = lab_memory(&lab, "xray");
    lab.settings.agent_apply_wait_ms = 20;
    xray->slow = true;
    component_down(xray->component, "away");
    component_up(xray->component, "another run");
    change(&lab, 11, "b", 2, NULL);
    CHECK(is_comparing(&lab));
    CHECK_STR("", script.order);
    CHECK_INT(10, lab_int(&lab, "converged.xray"));
    xray->slow = false;
    memory_end_compare(xray);
    lab_until(&lab, has_caught_up);
    CHECK_STR("-b ", script.order);
    lab_close(&lab);
}

/* A thousand that wait, and none of them is done: what is new goes first. */
static void
test_a_new_wish_goes_before_those_that_have_waited_longer(void)
{
    struct script script = {.hold = "w"};
    struct lab lab;
    struct arena arena = {0};
    const char *events = lab_event(&arena, 0, "bundle", "w", 1, "{}");

    lab_open(&lab, "xray,bundle");
    lab.settings.agent_apply_wait_ms = 20;
    lab_memory(&lab, "bundle")->object = &script;
    lab_memory(&lab, "bundle")->intercept = script_play;
    for (char key = 'x'; key <= 'z'; key++)
        events = arena_printf(&arena, "%s,%s", events,
            lab_event(&arena, 0, "bundle", arena_printf(&arena, "%c", key), 1, "{}"));
    lab_snapshot(&lab, "s1", 10, events);
    CHECK_STR("w ", script.order); /* one at a time, and this one takes long */
    lab_batch(&lab, 10, 11, lab_event(&arena, 11, "bundle", "z", 2, NULL));
    component_done(agent_component(&lab.agent, "bundle"), script.held);
    lab_call(&lab, "GET", "/v1/state?after=10&wait_ms=2000", NULL);
    CHECK_STR("w -z x y ", script.order);
    arena_reset(&arena);
    lab_close(&lab);
}

int
main(void)
{
    test_a_revocation_does_not_wait_for_a_comparison();
    test_nothing_is_handed_out_before_the_first_comparison();
    test_a_new_wish_goes_before_those_that_have_waited_longer();
    return check_report("agent/first");
}
