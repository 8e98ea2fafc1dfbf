#include "store/outbox.h"

#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

static void
test_a_change_is_one_row_per_role_in_their_order(void)
{
    const struct change change = {"APPLY_BUNDLE", "bundle", "base-vps-x", 7, false, "VPS_T VPS_E"};
    struct list events;

    CHECK(outbox_insert(&fixture.db, &fixture.turn.actor, &change, &events, &fixture.err));
    CHECK_INT(2, (long long)events.count);
    const struct event *event = events.at;
    CHECK_STR("VPS_T", event[0].role_target);
    CHECK_STR("VPS_E", event[1].role_target);
    CHECK(event[0].id < event[1].id);
    CHECK_STR("APPLY_BUNDLE:VPS_T:base-vps-x:7", event[0].idempotency_key);
    CHECK_STR("APPLY_BUNDLE", event[0].event_type);
    CHECK_STR("base-vps-x", event[1].aggregate_id);
    CHECK_INT(7, event[1].ver);
    CHECK(!event[0].gen.set);
    CHECK_INT(EVENT_PENDING, event[0].status);
    CHECK_STR("test-1", event[0].request_id);
}

static void
test_an_unknown_role_has_no_row(void)
{
    const struct change change = {"APPLY_BUNDLE", "bundle", "base", 1, false, "VPS_X"};
    struct list events;

    CHECK(outbox_insert(&fixture.db, &fixture.turn.actor, &change, &events, &fixture.err));
    CHECK_INT(0, (long long)events.count);
}

int
main(void)
{
    fixture_open(&fixture);
    test_a_change_is_one_row_per_role_in_their_order();
    test_an_unknown_role_has_no_row();
    fixture_close(&fixture);
    return check_report("store/outbox");
}
