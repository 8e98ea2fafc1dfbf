/* What waits for what: new wishes for nothing but the first comparison. */
#include "agent/intake.h"
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

/* -- marks --------------------------------------------------------------------------------- */

static void
open_with_a_mark(struct lab *lab, struct script *script)
{
    open_with(lab, script, "a");
    lab->settings.agent_apply_wait_ms = 20;
    change(lab, 11, "b", 1, "{}");
    component_done(agent_component(&lab->agent, "xray"), script->held);
    CHECK_INT(LAZY, lab->agent.state.transaction);
}

/* What was read back and noted, but is not on the disk yet, is not the part's to lose. */
static void
test_a_part_that_cannot_be_kept_takes_no_marks_with_it(void)
{
    static const char body[] = "{\"epoch\":\"" EPOCH "\",\"token\":1,\"events\":[]}";
    struct script script = {.hold = "b"};
    char sum[SUM_SIZE];
    struct lab lab;
    struct err err;

    open_with_a_mark(&lab, &script);
    sha256_hex(body, strlen(body), sum);
    CHECK_INT(SQLITE_OK,
        sqlite3_exec(lab.agent.state.sql.db, "alter table part rename to away", NULL, NULL, NULL));
    CHECK(!intake_part(&lab.agent,
        &(const struct part){
            .snapshot = "s", .n = 1, .sum = sum, .body = body, .size = strlen(body)},
        &err));
    lab_until(&lab, has_caught_up);
    CHECK_STR("b ", script.order);
    CHECK_INT(SQLITE_OK,
        sqlite3_exec(lab.agent.state.sql.db, "alter table away rename to part", NULL, NULL, NULL));
    lab_close(&lab);
}

static void
test_marks_that_were_lost_are_made_again(void)
{
    struct script script = {.hold = "b"};
    struct lab lab;

    open_with_a_mark(&lab, &script);
    memory_set(lab_memory(&lab, "xray"), "b", 1);
    state_rollback(&lab.agent.state); /* as a commit does that fails */
    lab_until(&lab, has_caught_up);
    lab_close(&lab);
}

int
main(void)
{
    test_a_revocation_does_not_wait_for_a_comparison();
    test_nothing_is_handed_out_before_the_first_comparison();
    test_a_new_wish_goes_before_those_that_have_waited_longer();
    test_a_part_that_cannot_be_kept_takes_no_marks_with_it();
    test_marks_that_were_lost_are_made_again();
    return check_report("agent/first");
}
