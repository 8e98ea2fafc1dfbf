/* What is decided about people while others act for them. */
#include "base/str.h"
#include "domain/admin.h"
#include "domain/connections.h"
#include "domain/devices.h"
#include "domain/revisions.h"
#include "domain/standing.h"
#include "domain/users.h"
#include "harness/check.h"
#include "harness/race.h"

enum {
    ROUNDS = 3
};

static struct fixture fixture;

static int64_t
number(const char *sql)
{
    return fixture_number(&fixture, sql, NULL);
}

/* -- who comes ----------------------------------------------------------------------------- */

static bool
come(struct fixture *own, int number, const char *arg)
{
    const struct user_profile in = {.telegram_first_name = arg};
    struct session session;

    (void)number; /* all are the same one */
    return user_come(&own->turn, 99, &in, &session, &own->err) &&
        str_eq(session.user->telegram_first_name, arg);
}

static void
test_one_of_many_makes_who_comes_and_all_see_him(void)
{
    race(&fixture, come, "Ada");
    CHECK_INT(1, number("select count(*) as n from audit_log where subject = 'user:99'"));
    CHECK_INT(1, number("select count(*) as n from tg_user where telegram_id = 99"));
    race(&fixture, come, "Grace");
    CHECK_INT(1, number("select count(*) as n from audit_log where action = 'users.profile'"));
}

/* -- who loses all meanwhile --------------------------------------------------------------- */

/* Whoever is too late is told why. */
static bool
gets_something(struct fixture *own, int number)
{
    static const struct issue_new issue = {0};
    const struct device_new device_in = {.user_id = FIXTURE_USER, .name = "late"};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = FIXTURE_DEVICE,
        .profile_name = "default",
        .custom_overrides_json = "{}",
        .issue = &issue};
    struct connection connection;
    struct device device;
    bool done = number % 2 == 0 ? device_create(&own->turn, &device_in, &device, &own->err)
                                : connection_create(&own->turn, &in, &connection, &own->err);

    return done || own->err.code == ERR_USER_BLOCKED || own->err.code == ERR_ENTITLEMENT_BLOCKED;
}

static bool
get_or_block(struct fixture *own, int number, const char *arg)
{
    static const struct block_set in = {.hours = 1, .revoke_access = true};
    struct user user;

    (void)arg; /* it is about the fixture's user */
    return number == RACERS / 2 ? user_block(&own->turn, FIXTURE_USER, &in, &user, &own->err)
                                : gets_something(own, number);
}

static bool
get_or_end(struct fixture *own, int number, const char *arg)
{
    static const struct entitlement_set in = {.entitlement_status = STANDING_BLOCKED};
    struct user user;

    (void)arg; /* it is about the fixture's user */
    return number == RACERS / 2
        ? user_set_entitlement(&own->turn, FIXTURE_USER, &in, &user, &own->err)
        : gets_something(own, number);
}

static void
allow(void)
{
    fixture_turn(&fixture);
    fixture_exec(&fixture,
        "update tg_user set bot_blocked_until = null, entitlement_status = 'active',"
        " devices_max = 1000 where telegram_id = 7",
        NULL);
    fixture_exec(&fixture, "update device set status = 'active'", NULL);
}

static void
check_nothing_left(void)
{
    CHECK_INT(0, number("select count(*) as n from device where status = 'active'"));
    CHECK_INT(0, number("select count(*) as n from connection where status = 'active'"));
    CHECK_INT(0, number("select count(*) as n from connection_revision where status = 'active'"));
}

static void
test_3_0_nothing_is_born_after_its_owner_was_blocked(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        allow();
        race(&fixture, get_or_block, NULL);
        check_nothing_left();
    }
}

static void
test_3_0_nothing_is_born_after_the_entitlement_ended(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        allow();
        race(&fixture, get_or_end, NULL);
        check_nothing_left();
    }
}

/* -- all at once --------------------------------------------------------------------------- */

static bool
get_or_reset(struct fixture *own, int number, const char *arg)
{
    struct connections_reset reset;

    (void)arg; /* it is about everybody */
    return number % 10 == 5 ? admin_reset_connections(&own->turn, &reset, &own->err)
                            : gets_something(own, number);
}

/* Some connections may come after the last reset, but none that it took has anything left. */
static void
test_a_reset_leaves_no_connection_half_revoked(void)
{
    static const char half[] =
        "select count(*) as n from connection c join connection_revision r on r.connection_id ="
        " c.id where (c.status = 'active') <> (r.status = 'active')";
    static const char untold[] =
        "select count(*) as n from connection c where c.status = 'revoked' and not exists"
        " (select from outbox_event e where e.aggregate_id = c.id::text and e.ver = c.ver"
        " and e.revokes)";

    for (int i = 0; i < ROUNDS; i++) {
        allow();
        race(&fixture, get_or_reset, NULL);
        CHECK_INT(0, number(half));
        CHECK_INT(0, number(untold));
    }
}

/* -- the last superadmin ------------------------------------------------------------------- */

static bool
demote(struct fixture *own, int number, const char *arg)
{
    static const struct role_set in = {.role = ROLE_ADMIN};
    struct user user;

    (void)arg; /* the numbers say whom */
    return user_set_role(&own->turn, 30 + number % 5, &in, &user, &own->err) ||
        own->err.code == ERR_LAST_SUPERADMIN;
}

static void
test_one_superadmin_remains_however_many_are_demoted_at_once(void)
{
    static const char superadmins[] = "select count(*) as n from tg_user where role = 'superadmin'";

    fixture_exec(
        &fixture, "insert into tg_user (telegram_id) select generate_series(30, 34)", NULL);
    for (int i = 0; i < ROUNDS; i++) {
        fixture_turn(&fixture);
        fixture_exec(&fixture,
            "update tg_user set role = 'superadmin' where telegram_id between 30 and 34", NULL);
        race(&fixture, demote, NULL);
        CHECK_INT(1, number(superadmins));
    }
}

int
main(void)
{
    fixture_open(&fixture);
    test_one_of_many_makes_who_comes_and_all_see_him();
    test_3_0_nothing_is_born_after_its_owner_was_blocked();
    test_3_0_nothing_is_born_after_the_entitlement_ended();
    test_a_reset_leaves_no_connection_half_revoked();
    test_one_superadmin_remains_however_many_are_demoted_at_once();
    fixture_close(&fixture);
    return check_report("domain/people_race");
}
