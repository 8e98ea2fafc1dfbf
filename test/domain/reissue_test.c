/* What users have, sent to nodes again and rebuilt for endpoints that have moved. */
#include "domain/reissue.h"

#include <string.h>

#include "base/uuid.h"
#include "domain/connections.h"
#include "domain/revisions.h"
#include "harness/check.h"
#include "harness/fixture.h"

#define TUNNEL "00000000-0000-4000-8000-0000000000a5"
#define ENTRY  "00000000-0000-4000-8000-0000000000e1"
#define NOBODY "00000000-0000-4000-8000-0000000000ff"

static struct fixture fixture;
static char direct[UUID_SIZE], moved[UUID_SIZE], web[UUID_SIZE], quic[UUID_SIZE], chain[UUID_SIZE];

static void
connect(int protocol, int mode, int variant, const char *overrides, char id[UUID_SIZE])
{
    static const struct issue_new issue = {0};
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = FIXTURE_DEVICE,
        .protocol = protocol,
        .mode = mode,
        .variant = variant,
        .profile_name = "default",
        .custom_overrides_json = overrides,
        .issue = &issue};
    struct connection connection;

    fixture_turn(&fixture);
    if (!connection_create(&fixture.turn, &in, &connection, &fixture.err))
        check_failed("connect", "%s", fixture.err.detail);
    memcpy(id, connection.id, UUID_SIZE);
}

static void
set_up(void)
{
    fixture_open(&fixture);
    fixture_exec(&fixture,
        "insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
        " values ($1, 'VPS_E', 'e1', 'http://e1', '192.0.2.9', true)",
        ENTRY);
    fixture_exec(&fixture, "insert into node_cursor (node_id, stream_id) values ($1, 2)", ENTRY);
    connect(PROTOCOL_VLESS_REALITY, MODE_DIRECT, VARIANT_B1, "{}", direct);
    connect(PROTOCOL_VLESS_REALITY, MODE_CHAIN, VARIANT_B2, "{\"local_socks_port\": 2080}", chain);
    connect(PROTOCOL_VLESS_WS_TLS, MODE_DIRECT, VARIANT_B1,
        "{\"tls_server_name\": \"n.example.net\", \"ws_path\": \"/a\"}", web);
    connect(PROTOCOL_HYSTERIA2, MODE_DIRECT, VARIANT_B3, "{}", quic);
    connect(PROTOCOL_VLESS_REALITY, MODE_DIRECT, VARIANT_B1, "{}", moved);
    fixture_exec(&fixture, "create table before as select * from connection_revision", NULL);
}

static void
forget_the_log(void)
{
    fixture_exec(&fixture, "delete from outbox_event where created_at is not null", NULL);
    fixture_exec(&fixture, "drop table before", NULL);
    fixture_exec(&fixture, "create table before as select * from connection_revision", NULL);
}

/* How many events there were, or -1. */
static int64_t
run(const struct reissue *in)
{
    struct reissued reissued;

    fixture_turn(&fixture);
    bool done = reissue_current(&fixture.turn, in, &reissued, &fixture.err);
    fixture_turn(&fixture);
    return done ? reissued.events : -1;
}

static int64_t
count(const char *sql, const char *arg)
{
    return fixture_number(&fixture, sql, arg);
}

/* Whether a condition holds for the connection's configurations: `now`, and `was` before. */
#define HOLDS(id, condition)                                                                       \
    CHECK_INT(1,                                                                                   \
        count("select bool_and(" condition ")::int as n from connection_revision r"                \
              " join before b on b.id = r.id cross join lateral (select r.effective_config_json)"  \
              " n (now) cross join lateral (select b.effective_config_json) w (was)"               \
              " where r.connection_id = $1",                                                       \
            id))

#define LOGGED "select count(*) as n from outbox_event where aggregate_id = $1"

/* -- tests --------------------------------------------------------------------------------- */

static void
test_where_nothing_moved_it_is_only_sent_again(void)
{
    forget_the_log();
    CHECK_INT(5, run(&(struct reissue){.rebuild = true}));
    HOLDS(direct, "now = was");
    HOLDS(chain, "now = was");
    HOLDS(web, "now = was");
    HOLDS(quic, "now = was");
    CHECK_INT(
        1, count(LOGGED " and event_type = 'UPSERT_USER' and ver = 2 and not revokes", direct));
    CHECK_INT(2, count("select ver as n from connection where id = $1", direct));
}

static void
test_every_run_is_a_new_one(void)
{
    forget_the_log();
    CHECK_INT(5, run(&(struct reissue){.rebuild = true}));
    CHECK_INT(5, run(&(struct reissue){.rebuild = false}));
    CHECK_INT(2, count(LOGGED " and ver > 2", direct));
    CHECK_INT(10, count("select count(distinct idempotency_key) as n from outbox_event", NULL));
}

static void
test_endpoints_are_todays_and_the_rest_is_kept(void)
{
    forget_the_log();
    fixture_exec(&fixture,
        "update node_endpoint set public_ipv4 = '198.51.100.1', proxy_fqdn = 'p.example.net'"
        " where role = 'VPS_T'",
        NULL);
    fixture.settings.reality_public_key = "another";
    CHECK_INT(5, run(&(struct reissue){.rebuild = true}));
    HOLDS(direct,
        "now = was || '{\"server\": \"198.51.100.1\"}'"
        " || jsonb_build_object('reality', was -> 'reality' || '{\"public_key\": \"another\"}')");
    HOLDS(chain,
        "now = was || jsonb_build_object('chain', was -> 'chain' ||"
        " '{\"upstream\": \"198.51.100.1\"}', 'reality', was -> 'reality' ||"
        " '{\"public_key\": \"another\"}')");
    HOLDS(web, "now = was || '{\"server\": \"198.51.100.1\"}' and now ->> 'sni' = 'n.example.net'");
    HOLDS(quic, "now = was || '{\"server\": \"198.51.100.1\", \"sni\": \"198.51.100.1\"}'");
    CHECK_INT(0,
        count("select count(*) as n from connection_revision r join before b on b.id = r.id"
              " where b.credential_key <> r.credential_key or b.slot <> r.slot"
              " or b.status <> r.status",
            NULL));
}

static void
test_older_revisions_that_still_work_are_rebuilt_too(void)
{
    static const struct issue_new in = {0};
    struct revision revision;

    fixture_turn(&fixture);
    CHECK(revision_issue(&fixture.turn, moved, &in, &revision, &fixture.err));
    fixture_exec(&fixture,
        "update node_endpoint set public_ipv4 = '198.51.100.2'"
        " where role = 'VPS_T'",
        NULL);
    forget_the_log();
    CHECK_INT(5, run(&(struct reissue){.rebuild = true}));
    HOLDS(moved, "now ->> 'server' = '198.51.100.2' and now -> 'uuid' = was -> 'uuid'");
    CHECK_INT(2,
        count("select count(*) as n from connection_revision where connection_id = $1"
              " and status = 'active'",
            moved));
}

static void
test_what_is_not_to_be_rebuilt_stays(void)
{
    fixture_exec(&fixture,
        "update node_endpoint set public_ipv4 = '198.51.100.3'"
        " where role = 'VPS_T'",
        NULL);
    forget_the_log();
    CHECK_INT(5, run(&(struct reissue){.rebuild = false}));
    HOLDS(direct, "now = was");
    CHECK_INT(1, count(LOGGED, direct));
}

static void
test_a_tunnel_is_its_devices(void)
{
    fixture_exec(&fixture,
        "insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name,"
        " custom_overrides_json, status) select $1, user_id, id, 'wireguard', 'direct', 'B5', 'p',"
        " '{}', 'active' from device",
        TUNNEL);
    fixture_exec(&fixture,
        "insert into connection_revision (id, connection_id, slot, status, credential_key,"
        " effective_config_json) values ($1, $1, 0, 'active', 'k', '{\"endpoint\": \"old:51820\","
        " \"interface\": {\"private_key\": \"s\"}, \"peer\": {\"public_key\": \"old\","
        " \"preshared_key\": \"p\", \"endpoint\": \"old:51820\"}, \"assigned_ip\": \"10.70.0.2\"}')",
        TUNNEL);
    forget_the_log();
    CHECK_INT(6, run(&(struct reissue){.rebuild = true}));
    HOLDS(TUNNEL,
        "now = was || '{\"endpoint\": \"198.51.100.3:51820\"}' || jsonb_build_object("
        "'peer', was -> 'peer' || '{\"endpoint\": \"198.51.100.3:51820\","
        " \"public_key\": \"c2VydmVyIHNlcnZlciBzZXJ2ZXIgc2VydmVyIHNlcnY=\"}')");
    CHECK_INT(
        1, count(LOGGED " and event_type = 'WG_PEER_UPSERT' and ver = 1", "wg:" FIXTURE_DEVICE));
    CHECK_INT(1, count("select wg_ver as n from device where id = $1", FIXTURE_DEVICE));
}

static void
test_only_a_users(void)
{
    forget_the_log();
    fixture_exec(&fixture, "insert into tg_user (telegram_id) values (8)", NULL);
    CHECK_INT(0, run(&(struct reissue){.rebuild = true, .user_id = {true, 8}}));
    CHECK_INT(6, run(&(struct reissue){.rebuild = true, .user_id = {true, FIXTURE_USER}}));
    CHECK_INT(-1, run(&(struct reissue){.rebuild = true, .user_id = {true, 9}}));
    CHECK_INT(ERR_USER_NOT_FOUND, fixture.err.code);
}

/* With ENTRY_MODE=xray the chains are the entry's; else it has no inbound at all. */
static void
test_only_what_a_node_serves(void)
{
    forget_the_log();
    CHECK_INT(0, run(&(struct reissue){.rebuild = true, .node_id = ENTRY}));
    fixture.settings.entry_mode = ENTRY_XRAY;
    CHECK_INT(1, run(&(struct reissue){.rebuild = true, .node_id = ENTRY}));
    CHECK_INT(1, count(LOGGED " and stream_id = 2", chain));
    fixture.settings.entry_mode = ENTRY_TCP_FORWARD;
    CHECK_INT(-1, run(&(struct reissue){.rebuild = true, .node_id = NOBODY}));
    CHECK_INT(ERR_NODE_NOT_FOUND, fixture.err.code);
}

static void
test_what_is_revoked_or_empty_is_left_alone(void)
{
    struct connection connection;
    const struct connection_new in = {.user_id = FIXTURE_USER,
        .device_id = FIXTURE_DEVICE,
        .profile_name = "empty",
        .custom_overrides_json = "{}"};

    fixture_turn(&fixture);
    CHECK(connection_create(&fixture.turn, &in, &connection, &fixture.err));
    fixture_exec(&fixture, "update connection set status = 'revoked' where id = $1", moved);
    forget_the_log();
    CHECK_INT(5, run(&(struct reissue){.rebuild = true}));
    CHECK_INT(0, count(LOGGED, moved));
}

/* Adopted ones may have what nobody may ask for today. */
static void
test_one_with_bad_overrides_is_sent_as_it_is(void)
{
    fixture_exec(&fixture,
        "update connection set custom_overrides_json = '{\"x\": 1}'"
        " where id = $1",
        direct);
    fixture_exec(&fixture,
        "update node_endpoint set public_ipv4 = '198.51.100.4'"
        " where role = 'VPS_T'",
        NULL);
    forget_the_log();
    CHECK_INT(5, run(&(struct reissue){.rebuild = true}));
    HOLDS(direct, "now = was");
    HOLDS(quic, "now ->> 'server' = '198.51.100.4'");
    CHECK_INT(1, count(LOGGED, direct));
}

static void
test_without_an_endpoint_nothing_changes(void)
{
    fixture_exec(&fixture, "update node_endpoint set active = false where role = 'VPS_T'", NULL);
    forget_the_log();
    CHECK_INT(-1, run(&(struct reissue){.rebuild = true}));
    CHECK_INT(ERR_NO_ENDPOINT, fixture.err.code);
    CHECK_INT(0, count("select count(*) as n from outbox_event", NULL));
    CHECK_INT(5, run(&(struct reissue){.rebuild = false}));
    fixture_exec(&fixture, "update node_endpoint set active = true where role = 'VPS_T'", NULL);
}

static void
test_without_keys_there_is_nothing_to_rebuild_from(void)
{
    const char *key = fixture.settings.reality_public_key;

    fixture.settings.reality_public_key = "";
    CHECK_INT(-1, run(&(struct reissue){.rebuild = true}));
    CHECK_INT(ERR_REALITY_KEYS, fixture.err.code);
    fixture.settings.reality_public_key = key;
}

static void
test_thousands_go_in_chunks(void)
{
    fixture_exec(&fixture,
        "with c as (insert into connection (id, user_id, device_id, protocol, mode, variant,"
        " profile_name, custom_overrides_json, status) select gen_random_uuid(), 7, $1,"
        " 'vless_reality', 'direct', 'B1', 'many', '{}', 'active' from generate_series(1, 2500)"
        " returning id) insert into connection_revision (id, connection_id, slot, status,"
        " credential_key, effective_config_json) select gen_random_uuid(), id, 0, 'active', id,"
        " '{\"server\": \"old\"}' from c",
        FIXTURE_DEVICE);
    forget_the_log();
    int64_t audits =
        count("select count(*) as n from audit_log where action = $1", "dispatch.reissue");
    CHECK_INT(2505, run(&(struct reissue){.rebuild = true}));
    CHECK_INT(2500,
        count("select count(*) as n from connection c join connection_revision r"
              " on r.connection_id = c.id where c.profile_name = $1 and c.ver = 2"
              " and r.effective_config_json ->> 'server' = '198.51.100.4'",
            "many"));
    CHECK_INT(2505, count("select count(distinct aggregate_id) as n from outbox_event", NULL));
    CHECK_INT(audits + 4,
        count("select count(*) as n from audit_log where action = $1", "dispatch.reissue"));
}

static void
test_time_runs_out_between_two_chunks(void)
{
    struct reissued reissued;

    forget_the_log();
    fixture_turn(&fixture);
    fixture.db.deadline = time_monotonic();
    CHECK(!reissue_current(
        &fixture.turn, &(struct reissue){.rebuild = true}, &reissued, &fixture.err));
    CHECK_INT(ERR_LATE, fixture.err.code);
    fixture_turn(&fixture);
    CHECK_INT(0, count("select count(*) as n from outbox_event", NULL));
}

int
main(void)
{
    set_up();
    test_where_nothing_moved_it_is_only_sent_again();
    test_every_run_is_a_new_one();
    test_endpoints_are_todays_and_the_rest_is_kept();
    test_older_revisions_that_still_work_are_rebuilt_too();
    test_what_is_not_to_be_rebuilt_stays();
    test_a_tunnel_is_its_devices();
    test_only_a_users();
    test_only_what_a_node_serves();
    test_what_is_revoked_or_empty_is_left_alone();
    test_one_with_bad_overrides_is_sent_as_it_is();
    test_without_an_endpoint_nothing_changes();
    test_without_keys_there_is_nothing_to_rebuild_from();
    test_thousands_go_in_chunks();
    test_time_runs_out_between_two_chunks();
    fixture_close(&fixture);
    return check_report("domain/reissue");
}
