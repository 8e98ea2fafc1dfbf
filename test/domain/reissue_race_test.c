/* Nodes that register and connections that are reissued while everything else goes on. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/uuid.h"
#include "domain/connections.h"
#include "domain/nodes.h"
#include "domain/reissue.h"
#include "domain/revisions.h"
#include "harness/check.h"
#include "harness/race.h"

enum {
    ROUNDS = 3
};

static struct fixture fixture;

static int64_t
count(const char *sql, const char *arg)
{
    return fixture_number(&fixture, sql, arg);
}

/* -- nodes --------------------------------------------------------------------------------- */

static bool
register_node(struct fixture *own, int number, const char *name)
{
    const struct node_new in = {.role = NODE_VPS_T,
        .name = name,
        .base_url = arena_printf(&own->arena, "http://10.0.0.%d", number + 1),
        .public_ipv4 = "192.0.2.1",
        .active = true};
    struct node node;

    return node_register(&own->turn, &in, &node, &own->err);
}

static void
test_many_registrations_are_one_node(void)
{
    race(&fixture, register_node, "same");
    CHECK_INT(1, count("select count(*) as n from node_endpoint where name = $1", "same"));
    CHECK_INT(1,
        count("select count(*) as n from node_cursor c join node_endpoint e"
              " on e.id = c.node_id where e.name = $1",
            "same"));
    CHECK_INT(1, count("select count(*) as n from audit_log where action = $1", "nodes.create"));
    CHECK_INT(
        RACERS - 1, count("select count(*) as n from audit_log where action = $1", "nodes.update"));
}

/* -- reissue ------------------------------------------------------------------------------- */

static bool
reissue(struct fixture *own)
{
    struct reissued reissued;
    const struct reissue in = {.user_id = {true, FIXTURE_USER}, .rebuild = true};

    return reissue_current(&own->turn, &in, &reissued, &own->err);
}

/* Half of them reissue, the others issue, and one revokes it all. */
static bool
change(struct fixture *own, int number, const char *connection_id)
{
    static const struct issue_new in = {0};
    struct revision revision;

    if (number % 2 == 0)
        return reissue(own);
    if (number == RACERS - 1)
        return connection_delete(&own->turn, connection_id, &own->err);
    return revision_issue(&own->turn, connection_id, &in, &revision, &own->err) ||
        own->err.code == ERR_CONNECTION_REVOKED;
}

#define OF_KEY(key) "select count(*) as n from outbox_event where aggregate_id = " key

/* Each change has a version of its own, and after the removal nothing is said any more. */
static void
check_log(const char *id, const char *key)
{
    CHECK_INT(0,
        count(OF_KEY("$1") " and ver in (select ver from outbox_event"
                           " where aggregate_id = $1 group by ver having count(*) > 1)",
            key));
    CHECK_INT(1,
        count(OF_KEY("$1") " and revokes and event_type in ('REVOKE_CONNECTION',"
                           " 'WG_PEER_REMOVE') and ver = (select max(ver)"
                           " from outbox_event where aggregate_id = $1)",
            key));
    CHECK_INT(
        0, count("select count(*) as n from connection where status = 'active' and id = $1", id));
}

static void
race_once(int protocol)
{
    struct connection connection;
    char id[UUID_SIZE];
    const char *key = id;

    fixture_turn(&fixture);
    CHECK(fixture_connect_as(&fixture, protocol, FIXTURE_DEVICE, &connection));
    memcpy(id, connection.id, UUID_SIZE);
    if (protocol == PROTOCOL_WIREGUARD)
        key = "wg:" FIXTURE_DEVICE;
    race(&fixture, change, id);
    check_log(id, key);
}

static void
test_a_reissue_gives_nothing_back_that_is_revoked_meanwhile(void)
{
    for (int i = 0; i < ROUNDS; i++) {
        race_once(PROTOCOL_VLESS_REALITY);
        race_once(PROTOCOL_WIREGUARD);
    }
}

/* -- locks --------------------------------------------------------------------------------- */

#define LOW "00000000-0000-4000-8000-000000000003"

/* The lower connection is the higher device's. */
static const char tunnels[] =
    "with d as (insert into device (id, user_id, name, status) values ('" LOW "', $1::bigint,"
    " 'low', 'active')),"
    " t as (insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name,"
    " custom_overrides_json, status) select id::uuid, $1::bigint, device_id::uuid, 'wireguard',"
    " 'direct', 'B5', '', '{}', 'active' from (values"
    " ('00000000-0000-4000-8000-000000000001', '" FIXTURE_DEVICE "'),"
    " ('00000000-0000-4000-8000-000000000002', '" LOW "')) as v (id, device_id) returning id)"
    " insert into connection_revision (id, connection_id, slot, status, effective_config_json)"
    " select gen_random_uuid(), id, 0, 'active', '{}' from t";

static bool
reissue_alone(struct fixture *own, int unused_number, const char *unused_arg)
{
    (void)unused_number, (void)unused_arg;
    return reissue(own);
}

/* Who revokes locks all devices, the lower first. Whoever had a higher one would lock him out, and
 * he them. */
static void
test_a_reissue_locks_devices_in_their_order(void)
{
    static const char waiting[] = "select count(*) as n from pg_locks where not granted"
                                  " and pg_backend_pid() = any (pg_blocking_pids(pid))";
    int gate, status = -1;

    fixture_turn(&fixture);
    fixture_exec(&fixture, "delete from connection", NULL);
    fixture_exec(&fixture, "delete from wireguard_peer", NULL);
    fixture_exec(&fixture, tunnels, "7");
    pid_t child = race_alone(&fixture, reissue_alone, NULL, &gate);
    CHECK(db_begin(&fixture.db, &fixture.err));
    fixture_exec(&fixture, "select from device where id = $1::uuid for update", LOW);
    close(gate);
    while (count(waiting, NULL) == 0)
        continue;
    CHECK(fixture_try(
        &fixture, "select from device where id = $1::uuid for update nowait", FIXTURE_DEVICE));
    fixture_turn(&fixture);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(0, status);
    CHECK_INT(1, count("select wg_ver as n from device where id = $1::uuid", LOW));
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_many_registrations_are_one_node();
    test_a_reissue_gives_nothing_back_that_is_revoked_meanwhile();
    test_a_reissue_locks_devices_in_their_order();
    fixture_close(&fixture);
    return check_report("domain/reissue_race");
}
