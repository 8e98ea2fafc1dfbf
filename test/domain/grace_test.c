/* Grace that ends for somebody who has very much. */
#include "domain/grace.h"

#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

/* All at once would take longer than a statement may, and so never end. */
static void
test_3_3_very_much_access_ends_in_steps(void)
{
    static const char connections[] =
        "with u as (insert into tg_user (telegram_id, entitlement_status, grace_ends_at)"
        " values ($1::bigint, 'grace', now() - interval '1 s') returning telegram_id),"
        " d as (insert into device (id, user_id, name, status) select gen_random_uuid(),"
        " telegram_id, 'd', 'active' from u returning id, user_id)"
        " insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name,"
        " custom_overrides_json, status) select gen_random_uuid(), user_id, id, 'vless_reality',"
        " 'direct', 'B1', 'default', '{}', 'active' from d, generate_series(1, 1005)";
    static const char active[] =
        "select count(*) as n from connection where user_id = 200 and status = 'active'";
    static const char blocked[] = "select count(*) as n from tg_user where telegram_id = 200"
                                  " and entitlement_status = 'blocked'";
    static const char told[] = "select count(*) as n from outbox_event e join connection c"
                               " on c.id::text = e.aggregate_id where c.user_id = 200 and revokes";
    bool more = false;

    fixture_turn(&fixture);
    fixture_exec(&fixture, connections, "200");
    CHECK(grace_end(&fixture.turn, &more, &fixture.err) && more);
    CHECK_INT(5, fixture_number(&fixture, active, NULL));
    CHECK_INT(0, fixture_number(&fixture, blocked, NULL));
    fixture_turn(&fixture);
    CHECK(grace_end(&fixture.turn, &more, &fixture.err) && more);
    CHECK_INT(0, fixture_number(&fixture, active, NULL));
    CHECK_INT(1, fixture_number(&fixture, blocked, NULL));
    CHECK_INT(1005, fixture_number(&fixture, told, NULL));
    fixture_turn(&fixture);
    CHECK(grace_end(&fixture.turn, &more, &fixture.err) && !more);
}

int
main(void)
{
    fixture_open(&fixture);
    test_3_3_very_much_access_ends_in_steps();
    fixture_close(&fixture);
    return check_report("domain/grace");
}
