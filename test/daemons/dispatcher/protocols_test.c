/* What is issued for each protocol reaches a node, also one that does not say how far it is with a
 * component. */
#include "daemons/dispatcher/lab.h"

#include <string.h>

#include "domain/connections.h"
#include "harness/check.h"
#include "harness/fixture.h"

#define DEVICE "00000000-0000-4000-8000-0000000000d1"

static struct fixture fixture;

static const struct {
    int protocol;
    const char *aggregate; /* NULL: the connection's id */
    const char *upsert, *remove;
    const char *member; /* that its payload has */
} cases[] = {
    {PROTOCOL_VLESS_REALITY, NULL, "UPSERT_USER", "REVOKE_CONNECTION", "xtls-rprx-vision"},
    {PROTOCOL_VLESS_WS_TLS, NULL, "UPSERT_USER", "REVOKE_CONNECTION", "\"uuid\":"},
    {PROTOCOL_HYSTERIA2, NULL, "UPSERT_USER", "REVOKE_CONNECTION", "\"password\":"},
    {PROTOCOL_WIREGUARD, "wg:" DEVICE, "WG_PEER_UPSERT", "WG_PEER_REMOVE", "10.70.0.2"},
};

static bool
all_is_sent(void)
{
    world_notify();
    return wait_for_row("select not exists (select from outbox_event where gen is null)"
                        " and c.acked_gen = s.gen from node_cursor c"
                        " join outbox_stream s using (stream_id)");
}

static void
check_key(const char *aggregate, const char *type, const char *member)
{
    const struct fake_key *key = fake_key(&node, aggregate);

    if (!CHECK(key != NULL))
        return;
    CHECK_STR(type, key->type);
    CHECK_INT(member == NULL, key->removed);
    CHECK(member == NULL || strstr(key->payload, member) != NULL);
}

static void
test_what_is_issued_arrives_and_what_ends_goes(void)
{
    struct connection connection;
    char id[UUID_SIZE];

    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_turn(&fixture);
        CHECK(fixture_connect_as(&fixture, cases[i].protocol, DEVICE, &connection));
        memcpy(id, connection.id, UUID_SIZE);
        const char *aggregate = cases[i].aggregate != NULL ? cases[i].aggregate : id;
        CHECK(all_is_sent());
        check_key(aggregate, cases[i].upsert, cases[i].member);
        fixture_turn(&fixture);
        CHECK(connection_delete(&fixture.turn, id, &fixture.err));
        CHECK(all_is_sent());
        check_key(aggregate, cases[i].remove, NULL);
    }
}

/* The node tells of xray and bundle alone. */
static void
test_a_component_that_nobody_tells_of_holds_nothing_back(void)
{
    CHECK(wait_for_row("select converged ->> 'hysteria' is null from node_cursor"));
    CHECK_INT(0, world_int("select count(*) from delivery_dead"));
    CHECK_INT(0, node.gaps + node.fenced + node.too_old);
    CHECK_INT(1, node.commits);
}

int
main(void)
{
    set_up();
    fixture_join(&fixture);
    fixture_pool(&fixture);
    test_what_is_issued_arrives_and_what_ends_goes();
    test_a_component_that_nobody_tells_of_holds_nothing_back();
    fixture_close(&fixture);
    tear_down();
    return check_report("dispatcher/protocols");
}
