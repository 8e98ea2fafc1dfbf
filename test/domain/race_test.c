#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/time.h"
#include "domain/bot_messages.h"
#include "domain/connections.h"
#include "domain/devices.h"
#include "domain/reissue.h"
#include "domain/revisions.h"
#include "domain/revoke.h"
#include "domain/tokens.h"
#include "domain/users.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/race.h"

#define WAIT_USEC (5 * USEC_SEC)

enum {
    ROUNDS = 3
};

static struct fixture fixture;

/* -- one connection ------------------------------------------------------------------------ */

/* Any revision that the connection has had so far. */
static const char *
some_revision(struct fixture *own, int number, const char *connection_id)
{
    const struct revisions_query in = {.limit = 1000};
    struct list revisions;

    if (!revisions_of_connection(&own->turn, connection_id, &in, &revisions, &own->err))
        return NULL;
    const struct revision *at = revisions.at;
    return at[(size_t)number % revisions.count].id;
}

static bool
change(struct fixture *own, int number, const char *connection_id)
{
    static const struct issue_new in = {0};
    struct revision revision;

    if (number % 3 == 0)
        return revision_issue(&own->turn, connection_id, &in, &revision, &own->err) ||
            own->err.code == ERR_CONNECTION_REVOKED;
    const char *id = some_revision(own, number / 3, connection_id);
    if (id == NULL)
        return false;
    return (number % 3 == 1 ? revision_activate : revision_revoke)(
               &own->turn, id, &revision, &own->err) ||
        own->err.code == ERR_CONNECTION_REVOKED;
}

/* No gap, and a version for each change. */
static int64_t
check_slots(const char *id)
{
    static const char gaps[] =
        "select count(*) as n from (select slot, row_number() over (order by slot) - 1 as want"
        " from connection_revision where connection_id = $1 and status = 'active') s"
        " where slot <> want or want > 2";
    static const char ver[] = "select ver as n from connection where id = $1";
    static const char changes[] =
        "select count(*) as n from audit_log where subject = 'connection:'"
        " || $1 or after ->> 'connection_id' = $1";
    int64_t count = fixture_number(&fixture, changes, id);

    CHECK_INT(0, fixture_number(&fixture, gaps, id));
    CHECK_INT(count, fixture_number(&fixture, ver, id));
    return count;
}

static void
check_serial(const char *id)
{
    static const char steps[] = "select count(distinct ver) * 1000 + max(ver) as n"
                                " from outbox_event where aggregate_id = $1";
    int64_t count = check_slots(id);

    CHECK_INT(count * 1001, fixture_number(&fixture, steps, id));
}

static void
test_3_1_changes_of_one_connection_come_out_as_if_in_turn(void)
{
    struct connection connection;
    char id[UUID_SIZE];

    for (int i = 0; i < ROUNDS; i++) {
        fixture_turn(&fixture);
        fixture_connect(&fixture, &connection);
        memcpy(id, connection.id, UUID_SIZE);
        race(&fixture, change, id);
        check_serial(id);
    }
}

/* -- one tunnel ---------------------------------------------------------------------------- */

static bool
open_tunnel(struct fixture *own, int number, const char *device_id)
{
    struct connection connection;

    (void)number; /* all want it for the same device */
    return fixture_connect_as(own, PROTOCOL_WIREGUARD, device_id, &connection) ||
        own->err.code == ERR_WG_EXISTS;
}

static int64_t
count_of(const char *what)
{
    return fixture_number(&fixture, what, NULL);
}

static void
test_3_2_one_of_many_gets_the_tunnel_of_a_device(void)
{
    race(&fixture, open_tunnel, FIXTURE_DEVICE);
    CHECK_INT(1,
        count_of("select count(*) as n from connection where status = 'active'"
                 " and protocol = 'wireguard'"));
    CHECK_INT(1, count_of("select count(*) as n from wireguard_peer"));
    CHECK_INT(1, count_of("select count(*) as n from ipam_lease"));
    CHECK_INT(1, count_of("select count(*) as n from outbox_event where component = 'wireguard'"));
}

static void
test_3_6_a_peer_follows_slot_0_whatever_comes_at_once(void)
{
    static const char peer[] =
        "select count(*) as n from connection c left join connection_revision r"
        " on r.connection_id = c.id and r.status = 'active' and r.slot = 0"
        " left join wireguard_peer p on p.device_id = c.device_id"
        " where c.id = $1 and (c.status = 'active') = (p.id is not null)"
        " and p.peer_public_key is not distinct from r.credential_key";
    static const char told[] =
        "select count(*) as n from (select count(*) as events, max(ver) as newest"
        " from outbox_event where component = 'wireguard') e join device d"
        " on d.id = $1 and d.wg_ver = e.events and d.wg_ver = e.newest";
    char id[UUID_SIZE];
    const struct connections_query in = {0};
    struct list tunnels;

    CHECK(connections_of_device(&fixture.turn, FIXTURE_DEVICE, &in, &tunnels, &fixture.err));
    if (!CHECK(tunnels.count == 1))
        return;
    memcpy(id, ((const struct connection *)tunnels.at)->id, UUID_SIZE);
    race(&fixture, change, id);
    check_slots(id);
    CHECK_INT(1, fixture_number(&fixture, peer, id));
    CHECK_INT(1, fixture_number(&fixture, told, FIXTURE_DEVICE));
}

/* Everything that touches a tunnel, its device and its peer: all in one order of locks. */
static bool
use_tunnels(struct fixture *own, int number, const char *device_id)
{
    static const struct reissue all = {.rebuild = true};
    const struct connections_query in = {0};
    struct reissued reissued;
    struct list tunnels;

    if (number % 5 == 0)
        return open_tunnel(own, number, device_id);
    if (number % 5 == 1)
        return reissue_current(&own->turn, &all, &reissued, &own->err);
    if (!connections_of_device(&own->turn, device_id, &in, &tunnels, &own->err))
        return false;
    if (tunnels.count == 0)
        return true;
    const char *id = ((const struct connection *)tunnels.at)->id;
    return number == 2 ? connection_delete(&own->turn, id, &own->err) : change(own, number, id);
}

static void
test_3_0_nobody_waits_for_each_other(void)
{
    /* sooner than a lock is given up */
    static const char soon[] =
        "do $$ begin execute format('alter database %I set deadlock_timeout = ''20ms''',"
        " current_database()); end $$";
    static const char deadlocks[] =
        "select deadlocks as n from pg_stat_database where datname = current_database()";
    static const char peers[] =
        "select count(*) as n from wireguard_peer p full join (select device_id from connection"
        " where status = 'active' and protocol = 'wireguard') c using (device_id)"
        " where p.id is null or c.device_id is null";

    fixture_exec(&fixture, soon, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        race(&fixture, use_tunnels, FIXTURE_DEVICE);
        CHECK_INT(0, fixture_number(&fixture, peers, NULL));
    }
    CHECK_INT(0, fixture_number(&fixture, deadlocks, NULL));
}

static bool
take_last(struct fixture *own, int number, const char *arg)
{
    struct connection connection;
    const char *id = arena_printf(&own->arena, "%s%02x", arg, number);

    return fixture_connect_as(own, PROTOCOL_WIREGUARD, id, &connection) ||
        own->err.code == ERR_IPAM_EXHAUSTED;
}

static void
test_3_6_one_of_many_gets_the_last_address(void)
{
    fixture_exec(&fixture, "delete from connection", NULL);
    fixture_exec(&fixture, "delete from wireguard_peer", NULL);
    fixture_exec(&fixture, "delete from ipam_lease", NULL);
    fixture_exec(&fixture, "update ipam_pool set cidr = '10.70.0.0/30'", NULL);
    fixture_exec(&fixture,
        "insert into device (id, user_id, name, status) select"
        " ('00000000-0000-4000-8000-0000000001' || lpad(to_hex(n), 2, '0'))::uuid, 7, 'd' || n,"
        " 'active' from generate_series(0, 63) n",
        NULL);
    race(&fixture, take_last, "00000000-0000-4000-8000-0000000001");
    CHECK_INT(1, count_of("select count(*) as n from connection where status = 'active'"));
    CHECK_INT(1, count_of("select count(*) as n from wireguard_peer"));
    CHECK_INT(1, count_of("select count(*) as n from ipam_lease where status = 'active'"));
    fixture_exec(&fixture, "delete from device where id <> $1", FIXTURE_DEVICE);
}

/* -- a device that goes meanwhile ---------------------------------------------------------- */

static bool
connect_or_revoke(struct fixture *own, int number, const char *device_id)
{
    static const struct issue_new issue = {0};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = device_id,
        .profile_name = "default",
        .custom_overrides_json = "{}",
        .issue = &issue};
    struct connection connection;

    if (number != RACERS / 2)
        return connection_create(&own->turn, &in, &connection, &own->err) ||
            own->err.code == ERR_DEVICE_REVOKED;
    if (!db_begin(&own->db, &own->err))
        return false;
    return fixture_try(own, "select from tg_user where telegram_id = 7 for update", NULL) &&
        fixture_try(own, "update device set status = 'revoked' where id = $1", device_id) &&
        revoke_device_connections(&own->turn, device_id, &own->err) &&
        db_commit(&own->db, &own->err);
}

static void
test_3_0_no_connection_is_born_after_its_device_was_revoked(void)
{
    race(&fixture, connect_or_revoke, FIXTURE_DEVICE);
    CHECK_INT(0,
        fixture_number(&fixture,
            "select count(*) as n from connection where device_id = $1 and status = 'active'",
            FIXTURE_DEVICE));
}

/* -- one place for many -------------------------------------------------------------------- */

static bool
add_device(struct fixture *own, int number, const char *arg)
{
    struct device device;
    const struct device_new in = {
        .user_id = FIXTURE_USER, .name = arena_printf(&own->arena, "%s %d", arg, number)};

    return device_create(&own->turn, &in, &device, &own->err) || own->err.code == ERR_DEVICE_LIMIT;
}

static bool
add_user(struct fixture *own, int number, const char *arg)
{
    const struct user_new in = {.telegram_id = 99, .devices_max = 1 + number};
    struct user user;

    (void)arg; /* all make the same one */
    return user_create(&own->turn, &in, &user, &own->err) || own->err.code == ERR_USER_EXISTS;
}

static bool
add_token(struct fixture *own, int number, const char *name)
{
    static const int scopes[] = {0};
    const struct token_new in = {.name = name, .scopes = {scopes, COUNT(scopes)}};
    struct token_issued issued;

    (void)number; /* all make the same one */
    return token_issue(&own->turn, &in, &issued, &own->err) ||
        own->err.code == ERR_TOKEN_NAME_EXISTS;
}

static int64_t
audited(const char *action)
{
    return fixture_number(
        &fixture, "select count(*) as n from audit_log where action = $1", action);
}

static void
test_3_2_one_of_many_gets_the_last_place(void)
{
    static const char active[] =
        "select count(*) as n from device where user_id = 7 and status = 'active'";

    fixture_exec(&fixture, "update tg_user set devices_max = 6 where telegram_id = 7", NULL);
    fixture_exec(&fixture, "update device set status = 'active' where id = $1", FIXTURE_DEVICE);
    for (int i = 0; i < 4; i++)
        CHECK(add_device(&fixture, i, "before"));
    CHECK_INT(5, fixture_number(&fixture, active, NULL));
    race(&fixture, add_device, "sixth");
    CHECK_INT(6, fixture_number(&fixture, active, NULL));
    CHECK_INT(5, audited("devices.create"));
}

static void
test_one_of_many_makes_the_same_user(void)
{
    race(&fixture, add_user, NULL);
    CHECK_INT(1, audited("users.create"));
}

static void
test_one_of_many_gets_a_name_for_a_token(void)
{
    race(&fixture, add_token, "wanted");
    CHECK_INT(1,
        fixture_number(&fixture, "select count(*) as n from api_token where name = $1", "wanted"));
}

static bool
rotate_token(struct fixture *own, int number, const char *id)
{
    const struct token_rotate in = {.overlap_seconds = number};
    struct token_issued issued;

    return token_rotate(&own->turn, id, &in, &issued, &own->err) ||
        own->err.code == ERR_TOKEN_NOT_FOUND;
}

static void
test_one_of_many_rotates_a_token(void)
{
    static const char known[] = "00000000-0000-4000-8000-00000000000f";

    fixture_exec(&fixture,
        "insert into api_token (id, name, token_hash, scopes) values ($1, 'known', 'x', '[\"*\"]')",
        known);
    race(&fixture, rotate_token, known);
    CHECK_INT(2,
        fixture_number(&fixture, "select count(*) as n from api_token where name = $1", "known"));
    CHECK_INT(1, audited("tokens.rotate"));
}

static bool
clean_up(struct fixture *own, int number, const char *arg)
{
    const struct bot_message_filter in = {.telegram_id = {true, FIXTURE_USER}};
    struct list messages;

    (void)number; /* all want the same ones */
    (void)arg;
    return bot_messages_clean(&own->turn, &in, &messages, &own->err);
}

static void
test_each_message_is_claimed_by_one_of_many(void)
{
    fixture_exec(&fixture,
        "insert into bot_message_ref (id, telegram_id, chat_id, message_id)"
        " select gen_random_uuid(), 7, 7, n from generate_series(1, 200) n",
        NULL);
    race(&fixture, clean_up, NULL);
    CHECK_INT(200, audited("bot_messages.claim"));
    CHECK_INT(200,
        fixture_number(&fixture,
            "select count(distinct subject) as n from audit_log where action = $1",
            "bot_messages.claim"));
}

/* -- one after the other ------------------------------------------------------------------- */

static bool
late_device(struct fixture *own, int number, const char *arg)
{
    struct device device;
    const struct device_new in = {.user_id = FIXTURE_USER, .name = arg};

    (void)number; /* there is one */
    return !device_create(&own->turn, &in, &device, &own->err) && own->err.code == ERR_USER_BLOCKED;
}

static bool
somebody_waits_for_us(void)
{
    static const char waiting[] = "select count(*) as n from pg_locks where not granted"
                                  " and pg_backend_pid() = any (pg_blocking_pids(pid))";
    usec_t deadline = time_monotonic() + WAIT_USEC;

    while (time_monotonic() < deadline) {
        if (fixture_number(&fixture, waiting, NULL) == 1)
            return true;
    }
    return false;
}

/* The device is asked for while the block is being made, and waits for it. */
static void
test_3_0_no_device_is_born_after_its_owner_was_blocked(void)
{
    static const char block[] =
        "update tg_user set bot_blocked_until = now() + interval '1 h' where telegram_id = 7";
    int gate, status;

    fixture_exec(&fixture, "update tg_user set devices_max = 64 where telegram_id = 7", NULL);
    pid_t child = race_alone(&fixture, late_device, "late", &gate);
    CHECK(db_begin(&fixture.db, &fixture.err) && fixture_try(&fixture, block, NULL));
    close(gate);
    CHECK(somebody_waits_for_us());
    CHECK(db_commit(&fixture.db, &fixture.err));
    CHECK_INT(child, waitpid(child, &status, 0));
    CHECK_INT(EXIT_SUCCESS, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_3_2_one_of_many_gets_the_tunnel_of_a_device();
    test_3_6_a_peer_follows_slot_0_whatever_comes_at_once();
    test_3_0_nobody_waits_for_each_other();
    test_3_6_one_of_many_gets_the_last_address();
    test_3_1_changes_of_one_connection_come_out_as_if_in_turn();
    test_3_0_no_connection_is_born_after_its_device_was_revoked();
    test_3_2_one_of_many_gets_the_last_place();
    test_one_of_many_makes_the_same_user();
    test_one_of_many_gets_a_name_for_a_token();
    test_one_of_many_rotates_a_token();
    test_each_message_is_claimed_by_one_of_many();
    test_3_0_no_device_is_born_after_its_owner_was_blocked();
    fixture_close(&fixture);
    return check_report("domain/race");
}
