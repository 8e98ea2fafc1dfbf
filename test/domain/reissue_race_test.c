/* Nodes that register and connections that are reissued while everything else goes on. */
#include <string.h>

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

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_many_registrations_are_one_node();
    test_a_reissue_gives_nothing_back_that_is_revoked_meanwhile();
    fixture_close(&fixture);
    return check_report("domain/reissue_race");
}
