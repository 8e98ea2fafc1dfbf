/* The addresses of tunnels: who gets which, and when it is free again. */
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "domain/connections.h"
#include "domain/revisions.h"
#include "harness/check.h"
#include "harness/tunnels.h"
#include "store/ipam.h"

static struct fixture fixture;

/* -- addresses ----------------------------------------------------------------------------- */

static void
test_3_6_addresses_are_the_lowest_free_but_ones_own_comes_first(void)
{
    tunnels_begin(&fixture, "10.70.0.0/24", 5);
    struct connection a = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &a)); /* .1 is the gateway */
    struct connection b = tunnel_connect(&fixture, 1);
    CHECK_STR("10.70.0.3", tunnel_address(&fixture, &b));
    CHECK(connection_delete(&fixture.turn, a.id, &fixture.err));
    struct connection c = tunnel_connect(&fixture, 2);
    CHECK_STR("10.70.0.4", tunnel_address(&fixture, &c)); /* .2 rests */
    a = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &a));
    CHECK(connection_delete(&fixture.turn, a.id, &fixture.err));
    fixture_exec(&fixture,
        "update ipam_lease set quarantined_until = now() where status = 'quarantined'", NULL);
    struct connection d = tunnel_connect(&fixture, 3);
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &d));
    a = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.5", tunnel_address(&fixture, &a)); /* somebody else has it now */
}

static void
test_3_6_what_older_programs_left_is_not_given_twice(void)
{
    struct connection connection;

    tunnels_begin(&fixture, "10.70.0.0/24", 16);
    /* a peer under another's name, one whose lease was released, and a lease with a mask */
    fixture_exec(&fixture,
        "with l as (insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status)"
        " select ('00000000-0000-4000-8000-00000000010' || n)::uuid, p.id, '10.70.0.' || ip,"
        " owner::owner_type, ('00000000-0000-4000-8000-0000000000e' || n)::uuid,"
        " status::ipam_lease_status from ipam_pool p cross join (values"
        " (1, '2', 'peer', 'active'), (2, '3', 'device', 'released'),"
        " (3, '4/32', 'user', 'active'), (4, '5', 'device', 'released'))"
        " as v (n, ip, owner, status) returning id, ip)"
        " insert into wireguard_peer (id, user_id, device_id, peer_public_key, lease_id,"
        " allowed_ips, status, created_at) select gen_random_uuid(), 7,"
        " ('00000000-0000-4000-8000-00000000000' || case when ip = '10.70.0.2' then 'd' else 'e'"
        " end)::uuid, ip, id, '[]', 'active', now() from l where ip in ('10.70.0.2', '10.70.0.3')",
        NULL);
    CHECK(fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, FIXTURE_DEVICE, &connection));
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &connection)); /* it keeps what its peer has */
    struct connection other = tunnel_connect(&fixture, 1);
    CHECK_STR("10.70.0.5", tunnel_address(&fixture, &other)); /* .3 is in use, .4 is leased */
    CHECK(connection_delete(&fixture.turn, connection.id, &fixture.err));
    CHECK_INT(1,
        fixture_number(&fixture,
            "select count(*) as n from ipam_lease where status = 'quarantined' and ip = $1",
            "10.70.0.2"));
}

/* Written with its mask, the address had a second row once somebody else had taken it. */
static void
test_3_6_an_old_address_that_another_has_now_does_not_come_back(void)
{
    tunnels_begin(&fixture, "10.70.0.0/24", 2);
    fixture_exec(&fixture,
        "insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status, quarantined_until)"
        " select gen_random_uuid(), id, '10.70.0.2/32', 'device', $1::uuid, 'quarantined',"
        " now() - interval '1 year' from ipam_pool",
        tunnel_device(&fixture, 0));
    struct connection other = tunnel_connect(&fixture, 1);
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &other));
    struct connection late = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.3", tunnel_address(&fixture, &late));
}

static void
add_lease(const char *device_id, const char *ip, const char *status)
{
    fixture_exec(&fixture,
        "insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status, quarantined_until)"
        " select gen_random_uuid(), id, split_part($1, ' ', 2), 'device',"
        " split_part($1, ' ', 1)::uuid, split_part($1, ' ', 3)::ipam_lease_status,"
        " case when $1 like '%quarantined' then now() + interval '1 day' end from ipam_pool",
        arena_printf(&fixture.arena, "%s %s %s", device_id, ip, status));
}

static void
test_3_6_an_old_address_that_is_none_of_the_pool_does_not_come_back(void)
{
    static const char *const odd[] = {"10.70.0.300", "somewhere", "fd00::2", "10.71.0.2",
        "10.70.0.0", "10.70.0.1", "10.70.0.255/32", "10.70.0.1/24"};

    tunnels_begin(&fixture, "10.70.0.0/24", COUNT(odd) + 1);
    for (int i = 0; i < (int)COUNT(odd); i++) {
        const char *device_id = tunnel_device(&fixture, i);
        struct tunnel tunnel;

        add_lease(device_id, odd[i], "quarantined");
        CHECK(tunnel_look(&fixture.db, device_id, &tunnel, &fixture.err));
        CHECK(tunnel.left);
        struct connection connection = tunnel_connect(&fixture, i);
        CHECK_STR(arena_printf(&fixture.arena, "10.70.0.%d", i + 2),
            tunnel_address(&fixture, &connection));
    }
    add_lease(tunnel_device(&fixture, COUNT(odd)), "10.70.0.40/24", "quarantined");
    struct connection own = tunnel_connect(&fixture, COUNT(odd));
    CHECK_STR("10.70.0.40", tunnel_address(&fixture, &own));
}

/* In use it could never be; where it can be read, it is kept. */
static void
test_3_6_an_address_in_use_that_cannot_be_read_is_replaced(void)
{
    static const struct issue_new in = {0};
    struct revision revision;

    tunnels_begin(&fixture, "10.70.0.0/24", 2);
    add_lease(tunnel_device(&fixture, 0), "somewhere", "active");
    struct connection a = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &a));
    fixture_exec(&fixture, "update ipam_lease set ip = '10.70.0.2x' where status = 'active'", NULL);
    CHECK(revision_issue(&fixture.turn, a.id, &in, &revision, &fixture.err));
    CHECK_STR("10.70.0.2", tunnel_config(&fixture, &revision).assigned_ip);
    CHECK_INT(1,
        fixture_number(&fixture,
            "select count(*) as n from ipam_lease l join wireguard_peer p on p.lease_id = l.id"
            " where l.status = 'active' and l.ip = '10.70.0.2'",
            NULL));
    CHECK_INT(2,
        fixture_number(
            &fixture, "select count(*) as n from ipam_lease where status = 'released'", NULL));
    add_lease(tunnel_device(&fixture, 1), "192.0.2.7", "active");
    struct connection b = tunnel_connect(&fixture, 1);
    CHECK_STR("192.0.2.7", tunnel_address(&fixture, &b));
}

static void
test_3_6_a_pool_that_cannot_be_read_has_no_addresses(void)
{
    struct connection connection;

    tunnels_begin(&fixture, "everywhere", 1);
    CHECK(
        !fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, tunnel_device(&fixture, 0), &connection));
    CHECK_INT(ERR_IPAM_EXHAUSTED, fixture.err.code);
}

static void
test_3_2_there_are_253_addresses(void)
{
    static const char fill[] =
        "insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status)"
        " select gen_random_uuid(), p.id, '10.70.0.' || n, 'device', gen_random_uuid(), 'active'"
        " from ipam_pool p cross join generate_series(2, $1::int) n";
    static const struct issue_new in = {0};
    struct connection connection;
    struct revision revision;
    char id[UUID_SIZE];

    tunnels_begin(&fixture, "10.70.0.0/24", 2);
    fixture_exec(&fixture, fill, "253");
    struct connection last = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.254", tunnel_address(&fixture, &last));
    memcpy(id, last.id, UUID_SIZE);
    CHECK(
        !fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, tunnel_device(&fixture, 1), &connection));
    CHECK_INT(ERR_IPAM_EXHAUSTED, fixture.err.code);
    fixture_turn(&fixture);
    CHECK_INT(253,
        fixture_number(
            &fixture, "select count(*) as n from ipam_lease where status = 'active'", NULL));
    CHECK_INT(1,
        fixture_number(
            &fixture, "select count(*) as n from connection where status = 'active'", NULL));
    CHECK(revision_issue(&fixture.turn, id, &in, &revision, &fixture.err)); /* has its own */
}

static void
test_3_6_a_second_pool_follows_the_first(void)
{
    struct connection connection;

    tunnels_begin(&fixture, "10.70.0.0/30", 3); /* .2 alone: .1 is the gateway */
    fixture_exec(&fixture,
        "insert into ipam_pool (id, cidr, gateway, quarantine_seconds, created_at) values"
        " (gen_random_uuid(), '10.71.0.0/30', '10.71.0.2', 60, now() + interval '1 day')",
        NULL);
    struct connection a = tunnel_connect(&fixture, 0);
    CHECK_STR("10.70.0.2", tunnel_address(&fixture, &a));
    struct connection b = tunnel_connect(&fixture, 1);
    CHECK_STR("10.71.0.1", tunnel_address(&fixture, &b));
    CHECK(connection_delete(&fixture.turn, b.id, &fixture.err));
    CHECK_INT(1,
        fixture_number(&fixture,
            "select count(*) as n from ipam_lease where status = 'quarantined' and ip = $1"
            " and quarantined_until between now() + interval '50 s' and now() + interval '61 s'",
            "10.71.0.1"));
    CHECK(
        !fixture_connect_as(&fixture, PROTOCOL_WIREGUARD, tunnel_device(&fixture, 2), &connection));
    CHECK_INT(ERR_IPAM_EXHAUSTED, fixture.err.code);
    fixture_turn(&fixture);
    fixture_exec(&fixture, "delete from connection", NULL);
    fixture_exec(&fixture, "delete from wireguard_peer", NULL);
    fixture_exec(&fixture, "delete from ipam_pool where cidr = $1", "10.71.0.0/30");
}

/* -- a model of the addresses -------------------------------------------------------------- */

enum {
    DEVICES = 8,
    ADDRESSES = 5, /* of a /29: less its network, its broadcast and the gateway */
    STEPS = 300
};

enum hold_state {
    FREE,
    HELD,
    RESTING,
    RESTED
};

struct address {
    int state; /* enum hold_state */
    int owner;
};

struct ipam {
    struct address addresses[ADDRESSES];
    char connections[DEVICES][UUID_SIZE]; /* "": none */
};

/* What the device is to get; -1: nothing is left. */
static int
model_choose(const struct ipam *ipam, int device)
{
    for (int i = 0; i < ADDRESSES; i++) {
        if (ipam->addresses[i].state >= RESTING && ipam->addresses[i].owner == device)
            return i;
    }
    for (int i = 0; i < ADDRESSES; i++) {
        if (ipam->addresses[i].state == FREE || ipam->addresses[i].state == RESTED)
            return i;
    }
    return -1;
}

static void
step_connect(struct ipam *ipam, int device)
{
    int want = model_choose(ipam, device);
    struct connection connection;

    if (!fixture_connect_as(
            &fixture, PROTOCOL_WIREGUARD, tunnel_device(&fixture, device), &connection)) {
        CHECK_INT(ERR_IPAM_EXHAUSTED, fixture.err.code);
        CHECK_INT(-1, want);
        return;
    }
    CHECK_STR(arena_printf(&fixture.arena, "10.70.0.%d", want + 2),
        tunnel_address(&fixture, &connection));
    if (want >= 0)
        ipam->addresses[want] = (struct address){HELD, device};
    memcpy(ipam->connections[device], connection.id, UUID_SIZE);
}

static void
step_end(struct ipam *ipam, int device)
{
    CHECK(connection_delete(&fixture.turn, ipam->connections[device], &fixture.err));
    *ipam->connections[device] = '\0';
    for (int i = 0; i < ADDRESSES; i++) {
        if (ipam->addresses[i].state == HELD && ipam->addresses[i].owner == device)
            ipam->addresses[i].state = RESTING;
    }
}

static void
step_expire(struct ipam *ipam, int which)
{
    fixture_exec(&fixture,
        "update ipam_lease set quarantined_until = now() where status = 'quarantined'"
        " and ip = $1",
        arena_printf(&fixture.arena, "10.70.0.%d", which + 2));
    if (ipam->addresses[which].state == RESTING)
        ipam->addresses[which].state = RESTED;
}

static void
check_like(const struct ipam *ipam)
{
    static const char *const states[] = {
        [HELD] = "active", [RESTING] = "quarantined", [RESTED] = "quarantined"};
    static const char same[] =
        "select count(*) as n from ipam_lease where ip = split_part($1, ' ', 1)"
        " and owner_id = split_part($1, ' ', 2)::uuid and status::text = split_part($1, ' ', 3)";
    int held = 0;

    for (int i = 0; i < ADDRESSES; i++) {
        const struct address *address = &ipam->addresses[i];

        held += address->state == HELD;
        if (address->state != FREE)
            CHECK_INT(1,
                fixture_number(&fixture, same,
                    arena_printf(&fixture.arena, "10.70.0.%d %s %s", i + 2,
                        tunnel_device(&fixture, address->owner), states[address->state])));
    }
    CHECK_INT(held,
        fixture_number(&fixture,
            "select count(*) as n from wireguard_peer p join ipam_lease l on l.id = p.lease_id"
            " where l.status = 'active' and l.owner_id = p.device_id",
            NULL));
    CHECK_INT(held, fixture_number(&fixture, "select count(*) as n from wireguard_peer", NULL));
}

static void
test_3_6_addresses_are_as_the_model_says(void)
{
    struct ipam ipam = {0};
    unsigned seed = 36;

    tunnels_begin(&fixture, "10.70.0.0/29", DEVICES);
    for (int i = 0; i < STEPS; i++) {
        int device = rand_r(&seed) % DEVICES;

        fixture_turn(&fixture);
        if (rand_r(&seed) % 4 == 0)
            step_expire(&ipam, device % ADDRESSES);
        else if (*ipam.connections[device] == '\0')
            step_connect(&ipam, device);
        else
            step_end(&ipam, device);
        fixture_turn(&fixture);
        check_like(&ipam);
    }
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_3_6_addresses_are_the_lowest_free_but_ones_own_comes_first();
    test_3_6_what_older_programs_left_is_not_given_twice();
    test_3_6_an_old_address_that_another_has_now_does_not_come_back();
    test_3_6_an_old_address_that_is_none_of_the_pool_does_not_come_back();
    test_3_6_an_address_in_use_that_cannot_be_read_is_replaced();
    test_3_6_a_pool_that_cannot_be_read_has_no_addresses();
    test_3_2_there_are_253_addresses();
    test_3_6_a_second_pool_follows_the_first();
    test_3_6_addresses_are_as_the_model_says();
    fixture_close(&fixture);
    return check_report("domain/ipam");
}
