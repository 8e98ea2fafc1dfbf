#include "domain/standing.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "domain/admin.h"
#include "domain/connections.h"
#include "domain/devices.h"
#include "domain/grace.h"
#include "domain/revisions.h"
#include "domain/users.h"
#include "harness/check.h"
#include "harness/fixture.h"

enum {
    STEPS = 600
};

#define DAY_USEC (USEC_SEC * 3600 * 24)

static struct fixture fixture;

/* -- entitlement and blocks against a small model ------------------------------------------ */

/* What there should be, in the words of data.md 3.3 and 3.4. */
static struct model {
    int standing;
    bool blocked;
    int64_t devices, connections;
    char device[UUID_SIZE], connection[UUID_SIZE]; /* the newest, which may be revoked */
} model;

static void
revoke_all(void)
{
    model.devices = model.connections = 0;
}

static enum err_code
refusal(void)
{
    static const enum err_code refusals[] = {[STANDING_ACTIVE] = ERR_NONE,
        [STANDING_GRACE] = ERR_ENTITLEMENT_GRACE,
        [STANDING_BLOCKED] = ERR_ENTITLEMENT_BLOCKED};

    return model.blocked ? ERR_USER_BLOCKED : refusals[model.standing];
}

/* -- steps, each against both -- */

static bool
entitle(int standing)
{
    const struct entitlement_set in = {.entitlement_status = standing};
    struct user user;

    model.standing = standing;
    if (standing == STANDING_BLOCKED)
        revoke_all();
    return user_set_entitlement(&fixture.turn, FIXTURE_USER, &in, &user, &fixture.err) &&
        user.entitlement_status == standing &&
        (standing != STANDING_ACTIVE || user.grace_ends_at == USEC_NONE) &&
        (standing != STANDING_GRACE || user.grace_ends_at == user.locked_at + 7 * DAY_USEC);
}

static bool
activate(void)
{
    return entitle(STANDING_ACTIVE);
}

static bool
give_grace(void)
{
    return entitle(STANDING_GRACE);
}

static bool
end_entitlement(void)
{
    return entitle(STANDING_BLOCKED);
}

static bool
block(bool revoke_access)
{
    const struct block_set in = {.hours = 1, .revoke_access = revoke_access};
    struct user user;

    model.blocked = true;
    if (revoke_access)
        revoke_all();
    return user_block(&fixture.turn, FIXTURE_USER, &in, &user, &fixture.err) &&
        user.bot_blocked_until == user.locked_at + 3600 * USEC_SEC;
}

static bool
block_hard(void)
{
    return block(true);
}

static bool
block_softly(void)
{
    return block(false);
}

static bool
unblock(void)
{
    struct user user;

    model.blocked = false;
    return user_unblock(&fixture.turn, FIXTURE_USER, &user, &fixture.err) &&
        user.bot_blocked_until == USEC_NONE && user.bot_block_reason == NULL;
}

static bool
run_out(void)
{
    model.blocked = false;
    return fixture_try(&fixture,
        "update tg_user set bot_blocked_until ="
        " least(bot_blocked_until, now() - interval '1 s')",
        NULL);
}

/* Done as the model says, or refused with its code. */
static bool
as_expected(bool done, enum err_code code)
{
    return done ? code == ERR_NONE : fixture.err.code == code;
}

static bool
add_device(void)
{
    const struct device_new in = {.user_id = FIXTURE_USER, .name = "another"};
    struct device device;
    bool done = device_create(&fixture.turn, &in, &device, &fixture.err);

    if (done) {
        model.devices++;
        memcpy(model.device, device.id, UUID_SIZE);
    }
    return as_expected(done, refusal());
}

static bool
connect(bool force)
{
    const struct issue_new issue = {.force = force};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = model.device,
        .profile_name = "default",
        .custom_overrides_json = "{}",
        .issue = &issue};
    struct connection connection;
    enum err_code code = force && !model.blocked ? ERR_NONE : refusal();
    bool done = connection_create(&fixture.turn, &in, &connection, &fixture.err);

    if (code == ERR_NONE && model.devices == 0)
        code = ERR_DEVICE_REVOKED;
    if (done) {
        model.connections++;
        memcpy(model.connection, connection.id, UUID_SIZE);
    }
    return as_expected(done, code);
}

static bool
connect_plainly(void)
{
    return connect(false);
}

static bool
connect_by_force(void)
{
    return connect(true);
}

static bool
issue_another(void)
{
    static const struct issue_new in = {0};
    struct revision revision;
    enum err_code code = refusal();
    bool done;

    if (*model.connection == '\0')
        return true;
    if (code == ERR_NONE && model.connections == 0)
        code = ERR_CONNECTION_REVOKED;
    done = revision_issue(&fixture.turn, model.connection, &in, &revision, &fixture.err);
    return as_expected(done, code);
}

static void
check_model(const char *step)
{
    static const char devices[] = "select count(*) as n from device where status = 'active'";
    static const char connections[] =
        "select count(*) as n from connection where status = 'active'";
    static const char loose[] = "select count(*) as n from connection_revision r join connection c"
                                " on c.id = r.connection_id where (r.status = 'active') and"
                                " c.status = 'revoked'";
    static const char untold[] =
        "select count(*) as n from connection c where not exists (select from outbox_event e"
        " where e.aggregate_id = c.id::text and e.ver = c.ver and (c.status = 'active' or"
        " e.revokes and e.event_type = 'REVOKE_CONNECTION'))";
    int64_t have = fixture_number(&fixture, devices, NULL) * 1000 +
        fixture_number(&fixture, connections, NULL);

    if (have != model.devices * 1000 + model.connections)
        check_failed(step, "devices and connections: want %d and %d, have %d", (int)model.devices,
            (int)model.connections, (int)have);
    CHECK_INT(0, fixture_number(&fixture, loose, NULL));
    CHECK_INT(0, fixture_number(&fixture, untold, NULL));
}

/* As often as its weight says: what allows and what uses it more often than what forbids. */
static const struct step {
    const char *title;
    bool (*run)(void);
    unsigned weight;
} steps[] = {
    {"active", activate, 6},
    {"grace", give_grace, 2},
    {"blocked", end_entitlement, 1},
    {"a bot block", block_hard, 1},
    {"a bot block that leaves access", block_softly, 1},
    {"the block is lifted", unblock, 4},
    {"the block has run out", run_out, 2},
    {"a device", add_device, 6},
    {"a connection", connect_plainly, 6},
    {"a forced connection", connect_by_force, 2},
    {"a revision", issue_another, 6},
};

static const struct step *
step_at(unsigned weight)
{
    size_t i = 0;

    for (; weight >= steps[i].weight; i++)
        weight -= steps[i].weight;
    return &steps[i];
}

/* The same sequence in each run. */
static unsigned
next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed >> 16;
}

static void
test_3_3_and_3_4_any_sequence_of_decisions_keeps_the_rules(void)
{
    unsigned seed = 4, sum = 0;

    for (size_t i = 0; i < COUNT(steps); i++)
        sum += steps[i].weight;
    model = (struct model){.standing = STANDING_ACTIVE, .devices = 1};
    memcpy(model.device, FIXTURE_DEVICE, UUID_SIZE);
    fixture_exec(&fixture, "update tg_user set devices_max = 1000", NULL);
    for (int i = 0; i < STEPS; i++) {
        const struct step *step = step_at(next_random(&seed) % sum);

        fixture_turn(&fixture);
        if (!step->run())
            check_failed(step->title, "step %d: %s", i, fixture.err.detail);
        fixture_turn(&fixture);
        check_model(step->title);
    }
    CHECK(fixture_number(&fixture, "select count(*) as n from connection", NULL) > STEPS / 20);
}

/* -- what time decides --------------------------------------------------------------------- */

static int64_t
in_state(const char *status)
{
    return fixture_number(&fixture,
        "select count(*) as n from tg_user where telegram_id >= 100"
        " and entitlement_status::text = $1",
        status);
}

/* Of 25 five may go on, and one is being changed by another. */
static void
test_3_3_grace_ends_for_all_whose_time_has_come(void)
{
    static const char people[] =
        "with u as (insert into tg_user (telegram_id, entitlement_status, grace_ends_at)"
        " select n, 'grace', now() + case when n < 105 then interval '1 day' else '-1 s' end"
        " from generate_series(100, 124) n returning telegram_id),"
        " s as (insert into grafana_session (id_hash, telegram_id, login, scope, expires_at)"
        " select telegram_id, telegram_id, 'u', 'user', now() + interval '1 day' from u)"
        " insert into device (id, user_id, name, status)"
        " select gen_random_uuid(), telegram_id, 'phone', 'active' from u";
    static const char left[] = "select (select count(*) from device where user_id >= 100"
                               " and status = 'active') * 100 + (select count(*) from"
                               " grafana_session where revoked_at is null) as n";
    struct fixture other;
    bool more = true;
    int times = 0;

    fixture_turn(&fixture);
    fixture_exec(&fixture, people, NULL);
    fixture_join(&other);
    CHECK(db_begin(&other.db, &other.err));
    CHECK(fixture_try(&other, "select from tg_user where telegram_id = 110 for share", NULL));
    for (; more; times++) {
        fixture_turn(&fixture);
        CHECK(grace_end(&fixture.turn, &more, &fixture.err));
    }
    CHECK_INT(3, times);
    CHECK_INT(6, in_state("grace"));
    CHECK_INT(19, in_state("blocked"));
    fixture_close(&other);
    fixture_turn(&fixture);
    CHECK(grace_end(&fixture.turn, &more, &fixture.err) && more);
    CHECK_INT(20, in_state("blocked"));
    CHECK_INT(505, fixture_number(&fixture, left, NULL));
    CHECK_INT(20,
        fixture_number(&fixture,
            "select count(*) as n from audit_log where action = 'users.entitlement'"
            " and subject >= 'user:105' and subject <= 'user:124'",
            NULL));
}

/* -- what it costs ------------------------------------------------------------------------- */

static const char many[] =
    "with d as (insert into device (id, user_id, name, status) select gen_random_uuid(),"
    " $1::bigint, 'd' || n, 'active' from generate_series(1, 64) n returning id),"
    " c as (insert into connection (id, user_id, device_id, protocol, mode, variant,"
    " profile_name, custom_overrides_json, status) select gen_random_uuid(), $1::bigint,"
    " (array(select id from d))[1 + n % 64], 'vless_reality', 'chain', 'B2', 'default', '{}',"
    " 'active' from generate_series(1, 200) n returning id)"
    " insert into connection_revision (id, connection_id, slot, status, effective_config_json)"
    " select gen_random_uuid(), c.id, s, 'active', '{}' from c, generate_series(0, 2) s";

struct cost {
    int statements, round_trips;
};

/* Of the messages that libpq's trace shows: each Execute or Query is a statement, each Sync or
 * Query ends a trip. */
static struct cost
count(FILE *trace)
{
    struct cost cost = {0};
    char line[4096];

    rewind(trace);
    while (fgets(line, sizeof(line), trace) != NULL) {
        bool query = strstr(line, "\tQuery\t") != NULL;

        cost.statements += query || strstr(line, "\tExecute\t") != NULL;
        cost.round_trips += query || strstr(line, "\tSync") != NULL;
    }
    return cost;
}

static struct cost
cost_of(bool (*run)(int64_t telegram_id), int64_t telegram_id)
{
    FILE *trace = tmpfile();
    struct cost cost;

    fixture_turn(&fixture);
    PQtrace(fixture.db.conn, trace);
    CHECK(run(telegram_id));
    fixture_turn(&fixture);
    PQuntrace(fixture.db.conn);
    cost = count(trace);
    fclose(trace);
    return cost;
}

static bool
block_one(int64_t telegram_id)
{
    static const struct block_set in = {.hours = 1, .revoke_access = true};
    struct user user;

    return user_block(&fixture.turn, telegram_id, &in, &user, &fixture.err);
}

static bool
end_one(int64_t telegram_id)
{
    static const struct entitlement_set in = {.entitlement_status = STANDING_BLOCKED};
    struct user user;

    return user_set_entitlement(&fixture.turn, telegram_id, &in, &user, &fixture.err);
}

static bool
revoke_one(int64_t telegram_id)
{
    const struct access_revoke in = {.target_telegram_id = telegram_id};
    struct access_revoked revoked;

    return admin_revoke_access(&fixture.turn, &in, &revoked, &fixture.err);
}

static bool
reset(int64_t telegram_id)
{
    struct connections_reset done;

    (void)telegram_id; /* it is everybody's turn */
    return admin_reset_connections(&fixture.turn, &done, &fixture.err);
}

/* First for one who has nothing, which also prepares the statements; then for one with 64 devices,
 * 200 connections and 600 revisions. */
static void
test_access_ends_in_a_handful_of_statements_however_much_there_is(void)
{
    static bool (*const ways[])(int64_t) = {block_one, end_one, revoke_one, reset};
    static const char left[] =
        "select (select count(*) from device where user_id = 8 and status = 'active')"
        " + (select count(*) from connection where user_id = 8 and status = 'active') as n";
    static const char told[] = "select count(*) as n from outbox_event where revokes";

    fixture_exec(&fixture, "insert into tg_user (telegram_id) values (8), (9)", NULL);
    for (size_t i = 0; i < COUNT(ways); i++) {
        (void)cost_of(ways[i], 9);
        struct cost none = cost_of(ways[i], 9);
        fixture_exec(&fixture, "delete from device where user_id = $1", "8");
        fixture_exec(&fixture, many, "8");
        int64_t before = fixture_number(&fixture, told, NULL);
        struct cost all = cost_of(ways[i], 8);

        CHECK(all.statements <= 6 && all.round_trips <= 4);
        CHECK(all.statements <= none.statements + 1);
        CHECK_INT(i == 3 ? 64 : 0, fixture_number(&fixture, left, NULL));
        CHECK_INT(200, fixture_number(&fixture, told, NULL) - before);
    }
}

static bool
come(int64_t telegram_id)
{
    static const struct user_profile in = {.telegram_username = "@ada"};
    struct session session;

    return user_come(&fixture.turn, telegram_id, &in, &session, &fixture.err);
}

/* Whether he is made, renamed, or just there. */
static void
test_a_session_is_one_statement(void)
{
    (void)cost_of(come, 50); /* prepares it */
    for (int64_t id = 50; id <= 51; id++) {
        struct cost cost = cost_of(come, id);

        CHECK_INT(1, cost.statements);
        CHECK_INT(1, cost.round_trips);
    }
}

int
main(void)
{
    fixture_open(&fixture);
    test_3_3_and_3_4_any_sequence_of_decisions_keeps_the_rules();
    test_3_3_grace_ends_for_all_whose_time_has_come();
    test_access_ends_in_a_handful_of_statements_however_much_there_is();
    test_a_session_is_one_statement();
    fixture_close(&fixture);
    return check_report("domain/standing");
}
