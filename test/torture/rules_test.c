/* Changes through domain/, store/ and db/ while each call of libpq fails in turn. */
#include <stdio.h>

#include "domain/connections.h"
#include "domain/standing.h"
#include "domain/users.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "torture/torture.h"

static struct fixture fixture;

/* The database may be away at any call; at the last one, the commit, the change may be there all
 * the same. Anything else would be wrong. */
static void
check_told(bool done, bool failed)
{
    CHECK(done || failed);
    if (!done)
        CHECK_INT(CLASS_UNAVAILABLE, err_kinds[fixture.err.code].class);
    fixture_turn(&fixture);
}

static bool
create_user(long n)
{
    const struct user_new in = {.telegram_id = 1000 + n, .devices_max = 1};
    struct user user;
    char id[24];

    snprintf(id, sizeof(id), "%ld", 1000 + n);
    fixture_turn(&fixture);
    torture_begin(n);
    bool done = user_create(&fixture.turn, &in, &user, &fixture.err);
    bool failed = torture_end();
    check_told(done, failed);
    int64_t rows = fixture_number(
        &fixture, "select count(*) as n from tg_user where telegram_id = $1::bigint", id);
    CHECK(rows == 1 || !done);
    CHECK_INT(rows,
        fixture_number(
            &fixture, "select count(*) as n from audit_log where subject like '%' || $1", id));
    return failed;
}

static void
test_a_user_and_its_audit_row_are_there_together(void)
{
    long n = 1;

    while (create_user(n))
        n++;
    CHECK(n > 5); /* begin, the rule, the rows, commit */
}

static bool
issue(long n)
{
    static const char sql[] =
        "select (select count(*) from connection) * 1000000 + (select count(*) from"
        " connection_revision) * 1000 + (select count(*) from outbox_event) as n";
    static const struct issue_new issue = {0};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = FIXTURE_DEVICE,
        .profile_name = "default",
        .custom_overrides_json = "{}",
        .issue = &issue};
    struct connection connection;

    fixture_turn(&fixture);
    int64_t before = fixture_number(&fixture, sql, NULL);
    fixture_turn(&fixture);
    torture_begin(n);
    bool done = connection_create(&fixture.turn, &in, &connection, &fixture.err);
    bool failed = torture_end();
    check_told(done, failed);
    int64_t grown = fixture_number(&fixture, sql, NULL) - before;
    CHECK(grown == 1001001 || (grown == 0 && !done));
    return failed;
}

static void
test_a_connection_its_revision_and_its_event_are_there_together(void)
{
    long n = 1;

    while (issue(n))
        n++;
    CHECK(n > 10);
}

/* 1 for the user who is blocked, 10 for each audit row, 100 and 1000 for a connection and a device
 * that are left. */
static bool
block(long n)
{
    static const char sql[] =
        "select (select count(*) from tg_user where bot_blocked_until > now()) + 10 * (select"
        " count(*) from audit_log where action = 'users.block') + 100 * (select count(*) from"
        " connection where status = 'active') + 1000 * (select count(*) from device"
        " where status = 'active') as n";
    static const struct block_set in = {.hours = 1, .revoke_access = true};
    struct connection connection;
    struct user user;

    fixture_turn(&fixture);
    fixture_exec(&fixture, "update tg_user set bot_blocked_until = null", NULL);
    fixture_exec(&fixture, "update device set status = 'active'", NULL);
    fixture_exec(&fixture, "delete from connection", NULL);
    fixture_connect(&fixture, &connection);
    int64_t before = fixture_number(&fixture, sql, NULL);
    fixture_turn(&fixture);
    torture_begin(n);
    bool done = user_block(&fixture.turn, FIXTURE_USER, &in, &user, &fixture.err);
    bool failed = torture_end();
    check_told(done, failed);
    int64_t after = fixture_number(&fixture, sql, NULL);
    CHECK(after == before + 11 - 1100 || (after == before && !done));
    return failed;
}

static void
test_a_block_and_what_it_takes_are_there_together(void)
{
    long n = 1;

    while (block(n))
        n++;
    CHECK(n > 10);
}

int
main(void)
{
    fixture_open(&fixture);
    test_a_user_and_its_audit_row_are_there_together();
    test_a_connection_its_revision_and_its_event_are_there_together();
    test_a_block_and_what_it_takes_are_there_together();
    fixture_close(&fixture);
    return check_report("torture/rules");
}
