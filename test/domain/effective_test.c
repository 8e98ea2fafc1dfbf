/* What clients are configured with, against golden files: test/golden/effective_NAME.want. */
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "domain/connections.h"
#include "domain/revisions.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "schema/json.h"
#include "store/revisions.h"

static struct fixture fixture;

enum nodes {
    NAMED,     /* both roles with a fqdn, the exit with a proxy_fqdn as well */
    BY_ADDRESS /* the exit alone, without a name */
};

struct golden {
    const char *name;
    int protocol, mode, variant;
    const char *overrides;
    enum nodes nodes;
    int entry_mode;
    const char *pin;
};

static const struct golden goldens[] = {
    {"reality_direct", PROTOCOL_VLESS_REALITY, MODE_DIRECT, VARIANT_B1, "{}", BY_ADDRESS},
    {"reality_chain", PROTOCOL_VLESS_REALITY, MODE_CHAIN, VARIANT_B2,
        "{\"camouflage_sni_id\": 3, \"connect_timeout_ms\": 100, \"dial_timeout_ms\": \"200\","
        " \"local_socks_port\": 2080, \"tcp_fast_open\": false}",
        NAMED},
    {"reality_chain_xray", PROTOCOL_VLESS_REALITY, MODE_CHAIN, VARIANT_B2, "{}", NAMED, ENTRY_XRAY},
    {"ws_direct", PROTOCOL_VLESS_WS_TLS, MODE_DIRECT, VARIANT_B1, "{}", NAMED},
    {"ws_direct_overridden", PROTOCOL_VLESS_WS_TLS, MODE_DIRECT, VARIANT_B1,
        "{\"ws_path\": \"/a:b/?ed=2048\", \"ws_host\": \"h.example.net\","
        " \"tls_server_name\": \"n.example.net\", \"tls_insecure\": true,"
        " \"local_socks_port\": 2080, \"connect_timeout_ms\": 100}",
        NAMED},
    {"ws_direct_by_address", PROTOCOL_VLESS_WS_TLS, MODE_DIRECT, VARIANT_B1, "{}", BY_ADDRESS},
    {"ws_chain", PROTOCOL_VLESS_WS_TLS, MODE_CHAIN, VARIANT_B2, "{}", NAMED},
    {"ws_chain_xray", PROTOCOL_VLESS_WS_TLS, MODE_CHAIN, VARIANT_B2, "{}", NAMED, ENTRY_XRAY},
    {"hysteria", PROTOCOL_HYSTERIA2, MODE_DIRECT, VARIANT_B3, "{}", NAMED},
    {"hysteria_pinned_http", PROTOCOL_HYSTERIA2, MODE_DIRECT, VARIANT_B3,
        "{\"client_mode\": \"http\", \"up_mbps\": 1, \"down_mbps\": 10000,"
        " \"socks_listen\": \"[::1]:1\", \"http_listen\": \"localhost:65535\"}",
        BY_ADDRESS, 0, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"},
    {"wireguard", PROTOCOL_WIREGUARD, MODE_DIRECT, VARIANT_B5, "{}", NAMED},
    {"wireguard_overridden", PROTOCOL_WIREGUARD, MODE_DIRECT, VARIANT_B5,
        "{\"dns\": [\"9.9.9.9\"], \"mtu\": 1280, \"persistent_keepalive\": 0,"
        " \"allowed_ips\": [\"0.0.0.0/0\", \"::/0\"]}",
        BY_ADDRESS},
};

/* -- random members ------------------------------------------------------------------------ */

/* Where they are, and how long; the golden file has a star. */
static const struct {
    const char *object, *member;
    size_t length;
} randoms[] = {
    {NULL, "uuid", 36},
    {"auth", "username", 24},
    {"auth", "password", 32},
    {"interface", "private_key", 44},
    {"peer", "preshared_key", 44},
    {NULL, "device_public_key", 44},
};

static void
star_one(struct json_object *json, const char *member, size_t length)
{
    struct json_object *value = json_object_object_get(json, member);

    if (value == NULL)
        return;
    CHECK_INT((long long)length, json_object_get_string_len(value));
    json_object_object_add(json, member, json_object_new_string("*"));
}

static void
star(struct json_object *json)
{
    for (size_t i = 0; i < COUNT(randoms); i++) {
        struct json_object *object =
            randoms[i].object == NULL ? json : json_object_object_get(json, randoms[i].object);

        if (object != NULL)
            star_one(object, randoms[i].member, randoms[i].length);
    }
}

/* -- issuing ------------------------------------------------------------------------------- */

static void
set_nodes(enum nodes nodes)
{
    fixture_exec(&fixture, "delete from node_endpoint", NULL);
    if (nodes == BY_ADDRESS)
        fixture_exec(&fixture,
            "insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
            " values (gen_random_uuid(), 'VPS_T', 't1', 'http://t1', '192.0.2.1', true)",
            NULL);
    else
        fixture_exec(&fixture,
            "insert into node_endpoint (id, role, name, base_url, public_ipv4, fqdn, proxy_fqdn,"
            " active, created_at) values"
            " (gen_random_uuid(), 'VPS_T', 't0', 'http://t0', '192.0.2.9', 'off.example.net', null,"
            "  false, now() - interval '2 days'),"
            " (gen_random_uuid(), 'VPS_T', 't1', 'http://t1', '192.0.2.1', 't1.example.net',"
            "  'cdn.example.net', true, now() - interval '1 day'),"
            " (gen_random_uuid(), 'VPS_T', 't2', 'http://t2', '192.0.2.2', 't2.example.net', null,"
            "  true, now()),"
            " (gen_random_uuid(), 'VPS_E', 'e1', 'http://e1', '192.0.2.3', 'e1.example.net', null,"
            "  true, now())",
            NULL);
}

static const char *
issued(const struct golden *golden)
{
    static const struct issue_new issue = {0};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = FIXTURE_DEVICE,
        .protocol = golden->protocol,
        .mode = golden->mode,
        .variant = golden->variant,
        .profile_name = "default",
        .custom_overrides_json = golden->overrides,
        .issue = &issue};
    struct connection connection;

    fixture_settings(&fixture.settings);
    fixture.settings.entry_mode = golden->entry_mode;
    fixture.settings.reality_public_key = "pub";
    fixture.settings.reality_public_key_vps_e = "entry";
    if (golden->pin != NULL)
        fixture.settings.hysteria_pin_sha256 = golden->pin;
    set_nodes(golden->nodes);
    fixture_exec(&fixture, "delete from connection", NULL);
    if (connection_create(&fixture.turn, &in, &connection, &fixture.err))
        return connection.revision->effective_config_json;
    check_failed(golden->name, "%s", fixture.err.detail);
    return "{}";
}

/* As text, so that a difference can be seen; the order of members is the record's. */
static void
check_golden(const struct golden *golden)
{
    struct json_object *have, *want;
    const char *path, *text;
    char *data;
    size_t size;

    fixture_turn(&fixture);
    path = arena_printf(&fixture.arena, "test/golden/effective_%s.want", golden->name);
    if (!CHECK(fs_read(path, 1 << 16, &fixture.arena, &data, &size, &fixture.err)) ||
        !CHECK(json_read(&fixture.arena, data, size, &want)))
        return;
    text = issued(golden);
    CHECK(json_read(&fixture.arena, text, strlen(text), &have));
    star(have);
    check_str(golden->name, json_text(want), json_text(have));
}

static void
test_3_9_configurations_are_what_the_golden_files_say(void)
{
    for (size_t i = 0; i < COUNT(goldens); i++)
        check_golden(&goldens[i]);
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_3_9_configurations_are_what_the_golden_files_say();
    fixture_close(&fixture);
    return check_report("domain/effective");
}
