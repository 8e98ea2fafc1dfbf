#include "domain/delivery.h"

#include "domain/connections.h"
#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

#define NUMBERED "update outbox_event set gen = id where gen is null"
#define SEEN     "update node_cursor set last_seen = now()"
#define AT(gen)                                                                                    \
    "update node_cursor set last_seen = now(), converged = jsonb_build_object('xray', " gen ")"

/* One after the other, each on top of what was. */
static const struct {
    const char *title, *sql;
    enum delivery_state want;
} steps[] = {
    {"not numbered", SEEN, DELIVERY_WAITING},
    {"not applied", NUMBERED, DELIVERY_APPLYING},
    {"another component is far", "update node_cursor set converged = '{\"wireguard\": 1000000}'",
        DELIVERY_APPLYING},
    {"almost", AT("(select max(gen) - 1 from outbox_event)"), DELIVERY_APPLYING},
    {"applied", AT("(select max(gen) from outbox_event)"), DELIVERY_READY},
    {"and past it", AT("(select max(gen) + 100 from outbox_event)"), DELIVERY_READY},
    {"the node has not been seen",
        "update node_cursor set last_seen = now() - interval '31 seconds'", DELIVERY_WAITING},
    {"never seen", "update node_cursor set last_seen = null", DELIVERY_WAITING},
    {"no active node", "with c as (" SEEN ") update node_endpoint set active = false",
        DELIVERY_WAITING},
    {"active again", "update node_endpoint set active = true", DELIVERY_READY},
    {"given up",
        "insert into delivery_dead (node_id, aggregate_id, ver, state, created_at)"
        " select n.node_id, c.id::text, c.ver, 'dead', now()"
        " from node_cursor n cross join connection c",
        DELIVERY_FAILED},
    {"forgiven", "update delivery_dead set state = 'discarded'", DELIVERY_READY},
    {"revoked, not numbered",
        "with c as (update connection set status = 'revoked', ver = 2 returning *)"
        " insert into outbox_event (stream_id, event_type, component, aggregate_id, ver, revokes,"
        " idempotency_key) select n.stream_id, 'REVOKE_CONNECTION', 'xray', c.id, 2, true, 'k'"
        " from c cross join node_cursor n",
        DELIVERY_WAITING},
    {"revoked, not applied", "with c as (" AT("(select max(gen) from outbox_event)") ") " NUMBERED,
        DELIVERY_APPLYING},
    {"revoked and applied", AT("(select max(gen) from outbox_event)"), DELIVERY_REVOKED},
};

static void
test_the_state_follows_the_newest_event(void)
{
    struct connection connection;
    struct delivery delivery;

    fixture_connect(&fixture, &connection);
    for (size_t i = 0; i < COUNT(steps); i++) {
        fixture_exec(&fixture, steps[i].sql, NULL);
        CHECK(delivery_of_connection(&fixture.turn, connection.id, &delivery, &fixture.err));
        check_int(steps[i].title, steps[i].want, delivery.state);
        CHECK_STR(connection.id, delivery.connection_id);
        CHECK_INT(1, (long long)delivery.nodes.count);
        CHECK(delivery.since != USEC_NONE);
    }
}

/* A second node of the role that is behind holds the connection back. */
static void
test_every_active_node_counts(void)
{
    static const char second[] =
        "with n as (insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
        " values (gen_random_uuid(), 'VPS_T', 't2', 'http://t2', '192.0.2.2', true) returning id)"
        " insert into node_cursor (node_id, stream_id, last_seen)"
        " select n.id, stream_id, null from n cross join outbox_stream where name = 'role:VPS_T'";
    struct connection connection;
    struct list deliveries;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    fixture_exec(&fixture, NUMBERED, NULL);
    fixture_exec(&fixture, AT("(select max(gen) from outbox_event)"), NULL);
    CHECK(deliveries_of_device(&fixture.turn, FIXTURE_DEVICE, &deliveries, &fixture.err));
    CHECK_INT(1, (long long)deliveries.count);
    CHECK_INT(DELIVERY_READY, ((const struct delivery *)deliveries.at)->state);
    fixture_exec(&fixture, second, NULL);
    CHECK(deliveries_of_device(&fixture.turn, FIXTURE_DEVICE, &deliveries, &fixture.err));
    CHECK_INT(DELIVERY_APPLYING, ((const struct delivery *)deliveries.at)->state);
}

static void
test_a_device_shows_all_its_active_connections(void)
{
    struct connection connection;
    struct list deliveries;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    fixture_connect(&fixture, &connection);
    CHECK(connection_delete(&fixture.turn, connection.id, &fixture.err));
    CHECK(deliveries_of_device(&fixture.turn, FIXTURE_DEVICE, &deliveries, &fixture.err));
    CHECK_INT(2, (long long)deliveries.count);
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_exec(&fixture,
        "insert into node_cursor (node_id, stream_id) select e.id, s.stream_id"
        " from node_endpoint e join outbox_stream s on s.name = 'role:VPS_T'"
        " on conflict do nothing",
        NULL);
    test_the_state_follows_the_newest_event();
    test_every_active_node_counts();
    test_a_device_shows_all_its_active_connections();
    fixture_close(&fixture);
    return check_report("domain/delivery");
}
