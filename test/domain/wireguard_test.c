#include "domain/wireguard.h"

#include <string.h>

#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/x25519.h"
#include "domain/artifact.h"
#include "domain/connections.h"
#include "domain/delivery.h"
#include "domain/devices.h"
#include "domain/revisions.h"
#include "domain/target.h"
#include "harness/check.h"
#include "harness/tunnels.h"

static struct fixture fixture;

static struct revision
issued(const char *connection_id)
{
    static const struct issue_new in = {0};
    struct revision revision = {0};

    CHECK(revision_issue(&fixture.turn, connection_id, &in, &revision, &fixture.err));
    return revision;
}

/* -- what must be so ----------------------------------------------------------------------- */

/* `want`: the events of device n as "TYPE[-]ver ...", a minus where access was taken. */
static void
check_told(const char *title, int n, const char *want)
{
    static const char sql[] =
        "select count(*) as n from (select string_agg(event_type::text || case when revokes"
        " then '-' else '' end || ver, ' ' order by id) as told from outbox_event"
        " where aggregate_id = 'wg:' || split_part($1, '|', 1) and component = 'wireguard'"
        " and idempotency_key = event_type || ':VPS_T:' || aggregate_id || ':' || ver) e"
        " where coalesce(told, '') = split_part($1, '|', 2)";

    check_int(title, 1,
        fixture_number(&fixture, sql,
            arena_printf(&fixture.arena, "%s|%s", tunnel_device(&fixture, n), want)));
}

/* The peer of device n has the revision's keys and a lease on its address. */
static void
check_peer(const char *title, int n, const struct revision *revision)
{
    static const char sql[] =
        "select count(*) as n from wireguard_peer p join ipam_lease l on l.id = p.lease_id"
        " where p.device_id = split_part($1, '|', 1)::uuid"
        " and p.peer_public_key = split_part($1, '|', 2)"
        " and p.preshared_key = split_part($1, '|', 3) and l.ip = split_part($1, '|', 4)"
        " and p.allowed_ips = jsonb_build_array(l.ip || '/32') and p.status = 'active'"
        " and l.status = 'active' and l.owner_type = 'device' and l.owner_id = p.device_id";
    struct wireguard_config config = tunnel_config(&fixture, revision);

    check_int(title, 1,
        fixture_number(&fixture, sql,
            arena_printf(&fixture.arena, "%s|%s|%s|%s", tunnel_device(&fixture, n),
                config.device_public_key, config.peer->preshared_key, config.assigned_ip)));
}

/* Nothing is left of device n's tunnel but an address that rests. */
static void
check_ended(const char *title, int n)
{
    static const char peers[] = "select count(*) as n from wireguard_peer where device_id = $1";
    static const char leases[] =
        "select count(*) filter (where status = 'quarantined' and quarantined_until"
        " between now() + interval '1750 s' and now() + interval '1801 s') * 100 + count(*) as n"
        " from ipam_lease where owner_id = $1";

    check_int(title, 0, fixture_number(&fixture, peers, tunnel_device(&fixture, n)));
    check_int(title, 101, fixture_number(&fixture, leases, tunnel_device(&fixture, n)));
}

/* -- keys ---------------------------------------------------------------------------------- */

static void
test_3_6_a_revision_has_a_key_pair_of_its_own(void)
{
    unsigned char secret[X25519_BYTES], public[X25519_BYTES];
    char text[BASE64_SIZE(X25519_BYTES)];
    size_t size;

    tunnels_begin(&fixture, "10.70.0.0/24", 1);
    struct connection connection = tunnel_connect(&fixture, 0);
    struct wireguard_config first = tunnel_config(&fixture, connection.revision);
    struct revision revision = issued(connection.id);
    struct wireguard_config second = tunnel_config(&fixture, &revision);
    CHECK(base64_read(BASE64_STD, first.interface->private_key, secret, sizeof(secret), &size));
    CHECK(x25519_public(secret, public, &fixture.err));
    base64_write(BASE64_STD, public, sizeof(public), text);
    CHECK_STR(text, first.device_public_key);
    CHECK(!str_eq(first.device_public_key, second.device_public_key));
    CHECK(!str_eq(first.peer->preshared_key, second.peer->preshared_key));
    CHECK_STR(first.assigned_ip, second.assigned_ip);
    CHECK_INT(1,
        fixture_number(&fixture,
            "select count(*) as n from connection_revision where slot = 0 and status = 'active'"
            " and credential_key = effective_config_json ->> 'device_public_key'"
            " and connection_id = $1",
            connection.id));
}

static void
test_3_6_no_server_key_is_an_error_of_its_own(void)
{
    struct connection connection;

    tunnels_begin(&fixture, "10.70.0.0/24", 1);
    fixture.settings.wireguard_server_public_key = "";
    CHECK(
        !fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, tunnel_device(&fixture, 0), &connection));
    CHECK_INT(ERR_WIREGUARD_KEY, fixture.err.code);
    fixture_settings(&fixture.settings);
    fixture_turn(&fixture);
    CHECK_INT(0, fixture_number(&fixture, "select count(*) as n from ipam_lease", NULL));
}

/* -- the peer ------------------------------------------------------------------------------ */

static void
test_3_6_the_peer_is_always_slot_0(void)
{
    struct revision a, b, c, after;

    tunnels_begin(&fixture, "10.70.0.0/24", 1);
    struct connection connection = tunnel_connect(&fixture, 0);
    a = *connection.revision;
    check_peer("the first", 0, &a);
    b = issued(connection.id);
    check_peer("a new one", 0, &b);
    c = issued(connection.id);
    CHECK(revision_activate(&fixture.turn, a.id, &after, &fixture.err));
    check_peer("an older one is back with its key", 0, &a);
    CHECK(revision_activate(&fixture.turn, a.id, &after, &fixture.err)); /* is there already */
    CHECK(revision_revoke(&fixture.turn, b.id, &after, &fixture.err));   /* slot 2 */
    check_peer("what stands behind does not matter", 0, &a);
    CHECK(revision_revoke(&fixture.turn, a.id, &after, &fixture.err));
    check_peer("the next one takes over", 0, &c);
    CHECK(revision_activate(&fixture.turn, b.id, &after, &fixture.err));
    check_peer("a revoked one comes back", 0, &b);
    CHECK_INT(2, issued(connection.id).slot + 2);
    CHECK_INT(1, fixture_number(&fixture, "select count(*) as n from wireguard_peer", NULL));
    CHECK_INT(1, fixture_number(&fixture, "select count(*) as n from ipam_lease", NULL));
    check_told("3.5 every change of slot 0, and only that", 0,
        "WG_PEER_UPSERT1 WG_PEER_UPSERT2 WG_PEER_UPSERT3 WG_PEER_UPSERT4 WG_PEER_UPSERT-5"
        " WG_PEER_UPSERT6 WG_PEER_UPSERT7");
    CHECK_INT(9,
        fixture_number(&fixture, "select ver as n from connection where id = $1", connection.id));
}

static void
test_3_6_what_is_sent_is_the_peer(void)
{
    const struct artifact_key key = {"wireguard", "wg:" FIXTURE_DEVICE};
    struct artifact artifact = {0};
    struct artifact_walk walk = {.kind = 2};
    struct list page;

    tunnels_begin(&fixture, "10.70.0.0/24", 1);
    struct connection connection;
    CHECK(fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, FIXTURE_DEVICE, &connection));
    struct wireguard_config config = tunnel_config(&fixture, connection.revision);
    CHECK(artifacts_of(&fixture.turn, "VPS_T", &(struct list){&key, 1}, &artifact, &fixture.err));
    CHECK_STR("WG_PEER_UPSERT", artifact.event_type);
    CHECK_INT(1, artifact.ver.value);
    CHECK(strstr(artifact.payload, config.peer->preshared_key) != NULL ||
        strstr(config.peer->preshared_key, "/") != NULL); /* json-c writes \/ */
    CHECK(strstr(artifact.payload, "\"peer_ip\":\"10.70.0.2\"") != NULL);
    CHECK(strstr(artifact.payload, "\"marker\":\"b5-") != NULL);
    CHECK(artifacts_next(&fixture.turn, "VPS_T", &walk, &page, &fixture.err));
    CHECK(page.count == 1);
    CHECK(artifacts_of(&fixture.turn, "VPS_E", &(struct list){&key, 1}, &artifact, &fixture.err));
    CHECK(artifact.payload == NULL);
    CHECK(connection_delete(&fixture.turn, connection.id, &fixture.err));
    CHECK(artifacts_of(&fixture.turn, "VPS_T", &(struct list){&key, 1}, &artifact, &fixture.err));
    CHECK_STR("WG_PEER_REMOVE", artifact.event_type);
    CHECK(artifact.payload == NULL);
    CHECK_INT(2, artifact.ver.value);
}

static int
delivery_state(const char *connection_id)
{
    struct delivery delivery = {.state = -1};

    fixture_turn(&fixture);
    CHECK(delivery_of_connection(&fixture.turn, connection_id, &delivery, &fixture.err));
    CHECK(delivery.nodes.count == 1);
    return delivery.state;
}

static void
test_a_tunnel_is_ready_when_its_device_is(void)
{
    static const char number[] = "update outbox_event set gen = ver where gen is null";
    static const char passed[] = "update node_cursor set last_seen = now(),"
                                 " converged = jsonb_build_object('wireguard', $1::int)";
    char id[UUID_SIZE];

    tunnels_begin(&fixture, "10.70.0.0/24", 1);
    fixture_exec(&fixture,
        "insert into node_cursor (node_id, stream_id) select n.id, s.stream_id"
        " from node_endpoint n join outbox_stream s on s.name = 'role:VPS_T'"
        " on conflict do nothing",
        NULL);
    memcpy(id, tunnel_connect(&fixture, 0).id, UUID_SIZE);
    CHECK_INT(DELIVERY_WAITING, delivery_state(id));
    fixture_exec(&fixture, passed, "0");
    fixture_exec(&fixture, number, NULL);
    CHECK_INT(DELIVERY_APPLYING, delivery_state(id));
    fixture_exec(&fixture, passed, "1");
    CHECK_INT(DELIVERY_READY, delivery_state(id));
    fixture_turn(&fixture);
    CHECK(connection_delete(&fixture.turn, id, &fixture.err));
    fixture_exec(&fixture, number, NULL);
    CHECK_INT(DELIVERY_APPLYING, delivery_state(id));
    fixture_exec(&fixture, passed, "2");
    CHECK_INT(DELIVERY_REVOKED, delivery_state(id));
}

/* -- its end ------------------------------------------------------------------------------- */

typedef bool end_fn(const struct connection *connection);

static bool
end_by_last_revision(const struct connection *connection)
{
    struct revision revision;

    return revision_revoke(&fixture.turn, connection->revision->id, &revision, &fixture.err);
}

static bool
end_by_deletion(const struct connection *connection)
{
    return connection_delete(&fixture.turn, connection->id, &fixture.err);
}

static bool
end_by_device(const struct connection *connection)
{
    return device_delete(&fixture.turn, connection->device_id, &fixture.err);
}

static bool
end_by_user(const struct connection *connection)
{
    const struct asked asked = {
        &fixture.turn.actor, targets_text(&fixture.settings, &fixture.arena)};

    (void)connection; /* all of the user's go */
    return connections_revoke(
        &fixture.db, &asked, &(struct connections_of){OF_USERS, "{7}"}, NULL, &fixture.err);
}

static void
test_3_6_at_the_end_the_peer_goes_and_its_address_rests(void)
{
    static end_fn *const ends[] = {
        end_by_last_revision, end_by_deletion, end_by_device, end_by_user};

    for (size_t i = 0; i < COUNT(ends); i++) {
        tunnels_begin(&fixture, "10.70.0.0/24", 2);
        struct connection connection = tunnel_connect(&fixture, 0);
        struct connection other = tunnel_connect(&fixture, 1);
        CHECK(ends[i](&connection));
        check_ended("ended", 0);
        check_told("told", 0, "WG_PEER_UPSERT1 WG_PEER_REMOVE-2");
        if (ends[i] == end_by_user)
            check_ended("the other, too", 1);
        else
            check_peer("the other stays", 1, other.revision);
    }
}

static void
test_3_6_a_connection_without_a_revision_has_no_address(void)
{
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = FIXTURE_DEVICE,
        .protocol = PROTOCOL_WIREGUARD,
        .variant = VARIANT_B5,
        .profile_name = "default",
        .custom_overrides_json = "{}"};
    struct connection connection;

    tunnels_begin(&fixture, "10.70.0.0/24", 14);
    CHECK(connection_create(&fixture.turn, &in, &connection, &fixture.err));
    CHECK_INT(0, fixture_number(&fixture, "select count(*) as n from ipam_lease", NULL));
    CHECK(!connection_create(&fixture.turn, &in, &connection, &fixture.err));
    CHECK_INT(ERR_WG_EXISTS, fixture.err.code);
    fixture_turn(&fixture);
    const char *id;
    struct list connections;
    const struct connections_query all = {0};
    CHECK(connections_of_device(&fixture.turn, FIXTURE_DEVICE, &all, &connections, &fixture.err));
    CHECK(connections.count == 1);
    id = ((const struct connection *)connections.at)->id;
    struct revision revision = issued(id);
    check_peer("the first revision brings it", 13, &revision);
    check_told("and is told", 13, "WG_PEER_UPSERT1");
}

static void
test_3_2_a_device_has_one_tunnel(void)
{
    struct connection connection;
    char id[UUID_SIZE];

    tunnels_begin(&fixture, "10.70.0.0/24", 1);
    memcpy(id, tunnel_connect(&fixture, 0).id, UUID_SIZE);
    CHECK(
        !fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, tunnel_device(&fixture, 0), &connection));
    CHECK_INT(ERR_WG_EXISTS, fixture.err.code);
    fixture_turn(&fixture);
    CHECK(connection_delete(&fixture.turn, id, &fixture.err));
    fixture_turn(&fixture);
    tunnel_connect(&fixture, 0);
    check_told("versions go on", 0, "WG_PEER_UPSERT1 WG_PEER_REMOVE-2 WG_PEER_UPSERT3");
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_3_6_a_revision_has_a_key_pair_of_its_own();
    test_3_6_no_server_key_is_an_error_of_its_own();
    test_3_6_the_peer_is_always_slot_0();
    test_3_6_what_is_sent_is_the_peer();
    test_a_tunnel_is_ready_when_its_device_is();
    test_3_6_at_the_end_the_peer_goes_and_its_address_rests();
    test_3_6_a_connection_without_a_revision_has_no_address();
    test_3_2_a_device_has_one_tunnel();
    fixture_close(&fixture);
    return check_report("domain/wireguard");
}
