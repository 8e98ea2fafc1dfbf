#include "harness/fixture.h"

#include "domain/connections.h"
#include "harness/check.h"
#include "harness/database.h"

static const char *const mts[] = {"mts"};

static const struct sni names[] = {
    {.id = 1, .fqdn = "www.one.net", .enabled = true},
    {.id = 2, .fqdn = "off.two.net"},
    {.id = 3, .fqdn = "www.three.net", .enabled = true, .providers = {mts, 1}},
};

const struct catalog fixture_catalog = {{names, COUNT(names)}};

struct number {
    int64_t n;
};

static const struct field number_fields[] = {
    F_INT(struct number, n, F_REQUIRED, INT64_MIN, INT64_MAX),
};
static const struct schema number_schema = SCHEMA(struct number, number_fields);

int64_t
fixture_number(struct fixture *fixture, const char *sql, const char *arg)
{
    const struct query query = {.name = "test", .sql = sql, .plan = PLAN_CUSTOM, &number_schema};
    const struct db_arg args[] = {
        arg == NULL ? (struct db_arg){.type = ARG_END} : arg_text(arg), {.type = ARG_END}};
    struct number number = {0};

    if (!db_one(&fixture->db, &query, args, &number, &fixture->err))
        check_failed(sql, "%s", fixture->err.detail);
    return number.n;
}

bool
fixture_try(struct fixture *fixture, const char *sql, const char *arg)
{
    const struct query query = {.name = "test", .sql = sql, .plan = PLAN_CUSTOM};
    const struct db_arg args[] = {
        arg == NULL ? (struct db_arg){.type = ARG_END} : arg_text(arg), {.type = ARG_END}};

    return db_exec(&fixture->db, &query, args, NULL, &fixture->err);
}

void
fixture_exec(struct fixture *fixture, const char *sql, const char *arg)
{
    if (!fixture_try(fixture, sql, arg))
        check_failed(sql, "%s", fixture->err.detail);
}

void
fixture_settings(struct settings *settings)
{
    *settings = (struct settings){.default_vps_t_host = "vps-t.example.com",
        .default_vps_e_host = "vps-e.example.com",
        .reality_public_key = FIXTURE_REALITY_KEY,
        .reality_short_id = "0123456789abcdef",
        .reality_public_key_vps_t = "",
        .reality_short_id_vps_t = "",
        .reality_public_key_vps_e = "",
        .reality_short_id_vps_e = "",
        .bundle_root = "/nonexistent",
        .metrics_dir = "",
        .pseudonym_secret = "a secret of 32 characters or more",
        .revision_undo_seconds = 3600,
        .entry_mode = ENTRY_TCP_FORWARD,
        .vless_reality_port = 443,
        .vless_ws_path = "/ws",
        .vless_ws_tls_port = 443,
        .hysteria_port = 443,
        .hysteria_pin_sha256 = "",
        .wireguard_port = 51820,
        .wireguard_server_public_key = "c2VydmVyIHNlcnZlciBzZXJ2ZXIgc2VydmVyIHNlcnY="};
}

void
fixture_turn(struct fixture *fixture)
{
    arena_reset(&fixture->arena);
    db_turn(&fixture->db, &fixture->arena);
}

void
fixture_join(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    db_init(&fixture->db, database_conninfo());
    fixture_settings(&fixture->settings);
    fixture->turn = (struct turn){.db = &fixture->db,
        .arena = &fixture->arena,
        .settings = &fixture->settings,
        .catalog = &fixture_catalog,
        .actor = {.request_id = "test-1", .token_name = "test", .scopes = "*"}};
    fixture_turn(fixture);
}

void
fixture_open(struct fixture *fixture)
{
    struct db db;

    database_init(&db);
    db_free(&db);
    fixture_join(fixture);
    fixture_exec(fixture, "insert into tg_user (telegram_id) values (7)", NULL);
    fixture_exec(fixture,
        "insert into device (id, user_id, name, status) values ($1, 7, 'phone', 'active')",
        FIXTURE_DEVICE);
    fixture_exec(fixture,
        "insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
        " values (gen_random_uuid(), 'VPS_T', 't1', 'http://t1', '192.0.2.1', true)",
        NULL);
}

void
fixture_pool(struct fixture *fixture)
{
    fixture_exec(fixture,
        "insert into ipam_pool (id, cidr, gateway) values"
        " (gen_random_uuid(), '10.70.0.0/24', '10.70.0.1')",
        NULL);
}

void
fixture_close(struct fixture *fixture)
{
    arena_reset(&fixture->arena);
    db_free(&fixture->db);
}

bool
fixture_connect_as(
    struct fixture *fixture, int protocol, const char *device_id, struct connection *connection)
{
    static const int variants[] = {[PROTOCOL_VLESS_REALITY] = VARIANT_B1,
        [PROTOCOL_VLESS_WS_TLS] = VARIANT_B1,
        [PROTOCOL_HYSTERIA2] = VARIANT_B3,
        [PROTOCOL_WIREGUARD] = VARIANT_B5};
    static const struct issue_new issue = {0};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = device_id,
        .protocol = protocol,
        .variant = variants[protocol],
        .profile_name = "default",
        .custom_overrides_json = "{}",
        .issue = &issue};

    return connection_create(&fixture->turn, &in, connection, &fixture->err);
}

void
fixture_connect(struct fixture *fixture, struct connection *connection)
{
    if (!fixture_connect_as(fixture, PROTOCOL_VLESS_REALITY, FIXTURE_DEVICE, connection))
        check_failed("fixture_connect", "%s", fixture->err.detail);
}
