#include "harness/tunnels.h"

#include <string.h>

#include "harness/check.h"
#include "schema/read.h"

const char *
tunnel_device(struct fixture *fixture, int n)
{
    return arena_printf(&fixture->arena, "00000000-0000-4000-8000-0000000000%02x", n);
}

void
tunnels_begin(struct fixture *fixture, const char *cidr, int devices)
{
    static const char *const clear[] = {"delete from connection", "delete from wireguard_peer",
        "delete from ipam_lease", "delete from outbox_event",
        "update device set wg_ver = 0, status = 'active'"};

    fixture_turn(fixture);
    for (size_t i = 0; i < COUNT(clear); i++)
        fixture_exec(fixture, clear[i], NULL);
    fixture_exec(fixture, "update ipam_pool set cidr = $1", cidr);
    fixture_exec(fixture,
        "insert into device (id, user_id, name, status) select"
        " ('00000000-0000-4000-8000-0000000000' || lpad(to_hex(n), 2, '0'))::uuid, 7, 'd' || n,"
        " 'active' from generate_series(0, $1::int - 1) n on conflict do nothing",
        arena_printf(&fixture->arena, "%d", devices));
}

struct connection
tunnel_connect(struct fixture *fixture, int n)
{
    struct connection connection = {0};

    if (!fixture_connect_as(fixture, PROTOCOL_WIREGUARD, tunnel_device(fixture, n), &connection))
        check_failed("tunnel_connect", "%s", fixture->err.detail);
    return connection;
}

struct wireguard_config
tunnel_config(struct fixture *fixture, const struct revision *revision)
{
    struct reader reader = {.arena = &fixture->arena, .source = SOURCE_ROW};
    struct wireguard_config config = {0};
    const char *text = revision->effective_config_json;
    struct json_object *json;

    CHECK(json_read(&fixture->arena, text, strlen(text), &json));
    read_json(&reader, &wireguard_config_schema, json, &config);
    CHECK(reader.faults == NULL);
    return config;
}

const char *
tunnel_address(struct fixture *fixture, const struct connection *connection)
{
    return connection->revision == NULL ? "none"
                                        : tunnel_config(fixture, connection->revision).assigned_ip;
}
