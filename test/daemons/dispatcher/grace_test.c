/* What time decides about users, found by the dispatcher's own task. */
#include "daemons/dispatcher/lab.h"

#include "harness/check.h"

static void
test_3_3_when_grace_ends_all_access_does(void)
{
    world_issue_many(1, 3);
    world_notify();
    CHECK(wait_for(3, 1));
    world_do("update tg_user set entitlement_status = 'grace',"
             " grace_ends_at = now() - interval '1 s'");
    loop_wake(&dispatcher.loop, end_grace);
    CHECK(wait_for_row("select bool_and(entitlement_status = 'blocked') from tg_user"));
    CHECK(wait_for(1, 2) && wait_for(2, 2) && wait_for(3, 2)); /* and nobody woke it for that */
    for (int n = 1; n <= 3; n++)
        CHECK(fake_key(&node, world_connection(n))->removed);
    CHECK_INT(0, world_int("select count(*) from connection where status = 'active'"));
    CHECK_INT(0, world_int("select count(*) from device where status = 'active'"));
    CHECK_INT(1,
        world_int("select count(*) from audit_log where action = 'users.entitlement'"
                  " and request_id is null and token_name is null"
                  " and after = '{\"entitlement_status\": \"blocked\"}'"));
}

static void
test_3_1_a_secret_goes_when_it_can_no_more_come_back(void)
{
    static const char kept[] =
        "select count(*) from connection_revision"
        " where effective_config_json ? 'uuid' and credential_key is not null";

    world_do("update connection_revision set revoked_at = now() - interval '3590 s'");
    world_do("update connection_revision set revoked_at = now() - interval '3601 s'"
             " where connection_id = '%s'",
        world_connection(2));
    loop_wake(&dispatcher.loop, end_undo);
    CHECK(wait_for_row("select count(*) = 1 from connection_revision where credential_key is null"
                       " and effective_config_json ->> 'sni' = 'www.example.org'"
                       " and not effective_config_json ? 'uuid'"));
    CHECK_INT(2, world_int(kept));
}

int
main(void)
{
    set_up();
    test_3_3_when_grace_ends_all_access_does();
    test_3_1_a_secret_goes_when_it_can_no_more_come_back();
    tear_down();
    return check_report("dispatcher/grace");
}
