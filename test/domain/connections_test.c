#include "domain/connections.h"

#include <string.h>

#include "base/str.h"
#include "domain/artifact.h"
#include "domain/marker.h"
#include "domain/revoke.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "store/revisions.h"
#include "store/users.h"

static struct fixture fixture;

#define OTHER_DEVICE "00000000-0000-4000-8000-00000000000e"
#define NO_DEVICE    "00000000-0000-4000-8000-0000000000ff"

static const struct issue_new issue = {0};
static const struct issue_new forced = {.force = true};
static const struct issue_new unknown_sni = {.camouflage_sni_id = {true, 999999}};
static const struct issue_new disabled_sni = {.camouflage_sni_id = {true, 2}};

/* -- who gets a connection, and why not ---------------------------------------------------- */

struct refusal {
    const char *title;
    const char *setup; /* SQL, undone with the turn's end; NULL for none */
    struct connection_new in;
    enum err_code code;
    const char *detail; /* NULL: the code's own */
};

/* What a case does not say is as usual. */
static struct connection_new
filled(struct connection_new in)
{
    if (in.user_id == 0)
        in.user_id = FIXTURE_USER;
    if (in.device_id == NULL)
        in.device_id = FIXTURE_DEVICE;
    if (in.custom_overrides_json == NULL)
        in.custom_overrides_json = "{}";
    in.profile_name = "default";
    return in;
}

static const struct refusal refusals[] = {
    {"no user", NULL, {.user_id = 99}, ERR_USER_NOT_FOUND},
    {"no device", NULL, {.device_id = NO_DEVICE}, ERR_DEVICE_NOT_FOUND},
    {"another's device", NULL, {.device_id = OTHER_DEVICE}, ERR_DEVICE_NOT_OF_USER},
    {"no such combination", NULL, {.variant = VARIANT_B2}, ERR_COMBINATION},
    {"3.8 an unknown override", NULL, {.custom_overrides_json = "{\"port\":1,\"a b\":2}"},
        ERR_OVERRIDES, "These overrides are not allowed: port, a b"},
    {"3.8 an override out of range", NULL,
        {.custom_overrides_json =
                "{\"dial_timeout_ms\":99,\"tcp_fast_open\":true,\"local_socks_port\":\"x\"}"},
        ERR_OVERRIDES, "These overrides are not allowed: dial_timeout_ms, local_socks_port"},
    {"3.10 an unknown name", NULL, {.issue = &unknown_sni}, ERR_SNI_UNAVAILABLE},
    {"3.10 a disabled name", NULL, {.issue = &disabled_sni}, ERR_SNI_UNAVAILABLE},
    {"3.10 an unknown name by override", NULL,
        {.issue = &issue, .custom_overrides_json = "{\"camouflage_sni_id\":999999}"},
        ERR_SNI_UNAVAILABLE},
    {"3.3 grace", "update tg_user set entitlement_status = 'grace'", {.issue = &issue},
        ERR_ENTITLEMENT_GRACE},
    {"3.3 grace without a revision", "update tg_user set entitlement_status = 'grace'", {0},
        ERR_ENTITLEMENT_GRACE},
    {"3.3 blocked", "update tg_user set entitlement_status = 'blocked'", {.issue = &issue},
        ERR_ENTITLEMENT_BLOCKED},
    {"3.4 bot block", "update tg_user set bot_blocked_until = now() + interval '1 hour'",
        {.issue = &issue}, ERR_USER_BLOCKED},
    {"3.4 force does not pass a bot block",
        "update tg_user set bot_blocked_until = now() + interval '1 hour'", {.issue = &forced},
        ERR_USER_BLOCKED},
    {"a revoked device", "update device set status = 'revoked'", {.issue = &issue},
        ERR_DEVICE_REVOKED},
    {"400 comes before 403 and 409",
        "with d as (update device set status = 'revoked')"
        " update tg_user set entitlement_status = 'grace'",
        {.issue = &unknown_sni}, ERR_SNI_UNAVAILABLE},
    {"403 comes before 409",
        "with d as (update device set status = 'revoked')"
        " update tg_user set entitlement_status = 'grace'",
        {.issue = &issue}, ERR_ENTITLEMENT_GRACE},
    {"3.9 no node and only a placeholder", "delete from node_endpoint", {.issue = &issue},
        ERR_NO_ENDPOINT, "No usable endpoint for VPS_T"},
    {"3.9 no entry", NULL, {.mode = MODE_CHAIN, .variant = VARIANT_B2, .issue = &issue},
        ERR_NO_ENDPOINT, "No usable endpoint for VPS_E"},
};

static void
check_refusal(const struct refusal *refusal)
{
    const struct connection_new in = filled(refusal->in);
    struct connection connection;
    struct err *err = &fixture.err;

    fixture_turn(&fixture);
    CHECK(db_begin(&fixture.db, err));
    if (refusal->setup != NULL)
        fixture_exec(&fixture, refusal->setup, NULL);
    if (connection_create(&fixture.turn, &in, &connection, err))
        check_failed(refusal->title, "was not refused");
    else
        check_str(refusal->title,
            refusal->detail != NULL ? refusal->detail : err_kinds[refusal->code].sentence,
            err->detail);
    fixture_turn(&fixture);
}

static void
test_each_rule_refuses_with_its_own_error(void)
{
    fixture_exec(&fixture, "insert into tg_user (telegram_id) values (8)", NULL);
    fixture_exec(&fixture,
        "insert into device (id, user_id, name, status) values ($1, 8, 'other', 'active')",
        OTHER_DEVICE);
    for (size_t i = 0; i < COUNT(refusals); i++)
        check_refusal(&refusals[i]);
    CHECK_INT(0, fixture_number(&fixture, "select count(*) as n from connection", NULL));
    CHECK_INT(0, fixture_number(&fixture, "select count(*) as n from audit_log", NULL));
}

static void
test_3_9_keys_fall_back_and_may_be_missing(void)
{
    const struct connection_new in = filled((struct connection_new){.issue = &issue});
    struct connection connection;

    fixture_turn(&fixture);
    fixture.settings.reality_public_key_vps_t = "own";
    CHECK(connection_create(&fixture.turn, &in, &connection, &fixture.err));
    CHECK(strstr(connection.revision->effective_config_json, "\"public_key\":\"own\"") != NULL);
    fixture.settings.reality_public_key = fixture.settings.reality_public_key_vps_t = "";
    fixture_turn(&fixture);
    CHECK(!connection_create(&fixture.turn, &in, &connection, &fixture.err));
    CHECK_INT(ERR_REALITY_KEYS, fixture.err.code);
    fixture_turn(&fixture);
    fixture_settings(&fixture.settings);
}

/* -- what a connection is ------------------------------------------------------------------ */

static void
test_3_5_a_write_has_one_audit_row_and_one_outbox_row_per_role(void)
{
    static const char audit[] = "select count(*) as n from audit_log where subject = $1"
                                " and token_name = 'test' and request_id = 'test-1'";
    static const char outbox[] =
        "select count(*) as n from outbox_event e join outbox_stream s using (stream_id)"
        " where aggregate_id = $1 and s.name = 'role:VPS_T'"
        " and idempotency_key = 'UPSERT_USER:VPS_T:' || aggregate_id || ':' || ver";
    static const char removal[] =
        "select count(*) as n from outbox_event where aggregate_id = $1 and revokes"
        " and idempotency_key = 'REVOKE_CONNECTION:VPS_T:' || aggregate_id || ':2' and ver = 2";
    struct connection connection;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    const char *subject = arena_printf(&fixture.arena, "connection:%s", connection.id);
    CHECK_INT(1, fixture_number(&fixture, audit, subject));
    CHECK_INT(1, fixture_number(&fixture, outbox, connection.id));
    CHECK(connection_delete(&fixture.turn, connection.id, &fixture.err));
    CHECK_INT(2, fixture_number(&fixture, audit, subject));
    CHECK_INT(1, fixture_number(&fixture, removal, connection.id));
    CHECK(connection_delete(&fixture.turn, connection.id, &fixture.err)); /* nothing happens */
    CHECK_INT(2, fixture_number(&fixture, audit, subject));
    CHECK_INT(2,
        fixture_number(&fixture, "select count(*) as n from outbox_event where aggregate_id = $1",
            connection.id));
}

static void
test_3_5_no_secret_is_in_outbox_or_audit(void)
{
    static const char leaks[] =
        "select count(*) as n from connection_revision r cross join lateral (values"
        " (r.effective_config_json ->> 'uuid'), (r.effective_config_json #>> '{auth,password}'),"
        " (r.effective_config_json #>> '{interface,private_key}'),"
        " (r.effective_config_json #>> '{peer,preshared_key}')) s (secret)"
        " where r.connection_id = $1 and (exists (select from audit_log a"
        " where strpos(a::text, s.secret) > 0) or exists (select from outbox_event e"
        " where strpos(e::text, s.secret) > 0))";
    struct connection connection;

    for (int protocol = 0; connection_protocol_names[protocol] != NULL; protocol++) {
        fixture_turn(&fixture);
        CHECK(fixture_connect_as(&fixture, protocol, FIXTURE_DEVICE, &connection));
        CHECK(connection_delete(&fixture.turn, connection.id, &fixture.err));
        check_int(
            connection_protocol_names[protocol], 0, fixture_number(&fixture, leaks, connection.id));
    }
}

static void
test_3_5_each_protocol_tells_its_component(void)
{
    static const struct {
        int protocol;
        const char *told; /* component, type and the kind of key */
    } cases[] = {
        {PROTOCOL_VLESS_REALITY, "xray UPSERT_USER connection"},
        {PROTOCOL_VLESS_WS_TLS, "xray UPSERT_USER connection"},
        {PROTOCOL_HYSTERIA2, "hysteria UPSERT_USER connection"},
        {PROTOCOL_WIREGUARD, "wireguard WG_PEER_UPSERT device"},
    };
    static const char sql[] =
        "select count(*) as n from (select concat_ws(' ', e.component, e.event_type,"
        " case e.aggregate_id when c.id::text then 'connection' when 'wg:' || c.device_id"
        " then 'device' end) as told from connection c join outbox_event e"
        " on e.aggregate_id in (c.id::text, 'wg:' || c.device_id)"
        " where c.id = split_part($1, '|', 1)::uuid and e.id = (select max(id) from outbox_event))"
        " t where told = split_part($1, '|', 2)";
    struct connection connection;

    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_turn(&fixture);
        CHECK(fixture_connect_as(&fixture, cases[i].protocol, FIXTURE_DEVICE, &connection));
        check_int(cases[i].told, 1,
            fixture_number(&fixture, sql,
                arena_printf(&fixture.arena, "%s|%s", connection.id, cases[i].told)));
    }
    fixture_exec(&fixture, "delete from connection", NULL);
}

static void
test_3_7_a_hysteria_user_is_called_by_its_marker(void)
{
    static const char *const names[] = {"username", "marker", "credential_key"};
    struct artifact artifact;
    struct connection connection;

    fixture_turn(&fixture);
    CHECK(fixture_connect_as(&fixture, PROTOCOL_HYSTERIA2, FIXTURE_DEVICE, &connection));
    const struct artifact_key key = {"hysteria", connection.id};
    const char *marker = marker_of(&fixture.turn, "B3", connection.id, connection.revision->id);
    CHECK(artifacts_of(&fixture.turn, "VPS_T", &(struct list){&key, 1}, &artifact, &fixture.err));
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(strstr(artifact.payload,
                  arena_printf(&fixture.arena, "\"%s\":\"%s\"", names[i], marker)) != NULL);
    CHECK(strspn(marker, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(marker));
}

static void
test_3_7_a_credential_key_is_the_uuid_without_what_xray_ignores(void)
{
    static const char same[] =
        "select count(*) as n from connection_revision where connection_id = $1 and credential_key"
        " = overlay(effective_config_json ->> 'uuid' placing '0000' from 15 for 4)"
        " and effective_config_json ->> 'uuid' <> id::text";
    struct connection connection;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    CHECK_INT(1, fixture_number(&fixture, same, connection.id));
}

static void
test_3_7_two_active_revisions_never_share_a_credential(void)
{
    static const struct query COPY = {
        .name = "copy",
        .sql = "insert into connection_revision (id, connection_id, slot, status,"
               " credential_key, effective_config_json) select gen_random_uuid(), connection_id,"
               " 1, 'active', credential_key, effective_config_json"
               " from connection_revision where connection_id = $1",
        .plan = PLAN_CUSTOM,
    };
    struct connection connection;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    CHECK(!db_exec(&fixture.db, &COPY, DB_ARGS(arg_text(connection.id)), NULL, &fixture.err));
    CHECK_INT(ERR_CONFLICT, fixture.err.code);
}

static void
test_3_8_overrides_reach_the_configuration(void)
{
    const struct connection_new in = filled((struct connection_new){.issue = &issue,
        .custom_overrides_json = "{\"connect_timeout_ms\":100,\"dial_timeout_ms\":\"60000\","
                                 "\"local_socks_port\":2080,\"tcp_fast_open\":false}"});
    struct connection connection;

    fixture_turn(&fixture);
    CHECK(connection_create(&fixture.turn, &in, &connection, &fixture.err));
    const char *config = connection.revision->effective_config_json;
    CHECK(strstr(config, "\"listen\":\"127.0.0.1:2080\"") != NULL);
    CHECK(strstr(config,
              "{\"connect_timeout_ms\":100,\"dial_timeout_ms\":60000,"
              "\"tcp_fast_open\":false}") != NULL);
}

static void
test_3_9_a_chain_begins_at_the_entry(void)
{
    const struct connection_new in =
        filled((struct connection_new){.mode = MODE_CHAIN, .variant = VARIANT_B2, .issue = &issue});
    struct connection connection;

    fixture_turn(&fixture);
    fixture.settings.default_vps_e_host = "entry.example.net";
    CHECK(connection_create(&fixture.turn, &in, &connection, &fixture.err));
    const char *config = connection.revision->effective_config_json;
    CHECK(strstr(config, "\"server\":\"entry.example.net\"") != NULL);
    CHECK(strstr(config, "\"upstream\":\"192.0.2.1\"") != NULL);
    fixture_settings(&fixture.settings);
}

static void
test_3_10_request_before_override_before_the_first(void)
{
    static const struct issue_new by_id = {.camouflage_sni_id = {true, 1}};
    static const struct issue_new by_tag = {.provider = "mts"}, by_no_tag = {.provider = "t2"};
    static const char override[] = "{\"camouflage_sni_id\":3}";
    static const struct {
        const struct issue_new *issue;
        const char *overrides;
        int64_t sni_id;
    } cases[] = {
        {&issue, "{}", 1},
        {&issue, override, 3},
        {&by_id, override, 1},
        {&by_tag, "{}", 3},
        {&by_no_tag, override, 1},
    };
    struct connection connection;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct connection_new in = filled((struct connection_new){
            .issue = cases[i].issue, .custom_overrides_json = cases[i].overrides});

        fixture_turn(&fixture);
        CHECK(connection_create(&fixture.turn, &in, &connection, &fixture.err));
        CHECK_INT(cases[i].sni_id, connection.revision->camouflage_sni_id.value);
    }
}

static void
test_3_11_a_name_is_the_best_that_is_known(void)
{
    static const struct {
        const char *names, *display;
    } cases[] = {
        {"update tg_user set telegram_username = 'ada', telegram_first_name = 'A'"
         " where telegram_id = 7",
            "@ada (7)"},
        {"update tg_user set telegram_username = null, telegram_first_name = 'Ada',"
         " telegram_last_name = 'King' where telegram_id = 7",
            "Ada King (7)"},
        {"update tg_user set telegram_first_name = null where telegram_id = 7", "King (7)"},
        {"update tg_user set telegram_last_name = null where telegram_id = 7", "7"},
    };
    struct connection connection;

    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_turn(&fixture);
        fixture_exec(&fixture, cases[i].names, NULL);
        fixture_connect(&fixture, &connection);
        CHECK_STR(cases[i].display, connection.user_display);
        CHECK_STR(arena_printf(&fixture.arena, "%s - phone - %s", cases[i].display, connection.id),
            connection.alias);
    }
}

/* -- many at once -------------------------------------------------------------------------- */

static void
test_3_0_a_device_loses_all_its_connections_at_once(void)
{
    static const char left[] =
        "select count(*) as n from connection c left join connection_revision r"
        " on r.connection_id = c.id and r.status = 'active'"
        " where c.device_id = $1 and (c.status = 'active' or r.id is not null)";
    static const char told[] = "select count(*) as n from connection c join outbox_event e"
                               " on e.aggregate_id = c.id::text and e.ver = c.ver and e.revokes"
                               " and e.event_type = 'REVOKE_CONNECTION' where c.device_id = $1";
    struct connection connection;

    fixture_turn(&fixture);
    fixture_exec(&fixture, "delete from connection", NULL);
    for (int i = 0; i < 3; i++)
        fixture_connect(&fixture, &connection);
    CHECK(db_begin(&fixture.db, &fixture.err));
    CHECK(revoke_device_connections(&fixture.turn, FIXTURE_DEVICE, &fixture.err));
    CHECK(db_commit(&fixture.db, &fixture.err));
    CHECK_INT(0, fixture_number(&fixture, left, FIXTURE_DEVICE));
    CHECK_INT(3, fixture_number(&fixture, told, FIXTURE_DEVICE));
}

static void
test_3_0_a_user_loses_all_and_the_count_is_told(void)
{
    struct connection connection;
    struct ended ended = {-1, -1};

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    fixture_connect(&fixture, &connection);
    CHECK(revoke_user_access(&fixture.turn, FIXTURE_USER, &ended, &fixture.err));
    CHECK_INT(2, ended.connections);
    CHECK_INT(1, ended.devices);
    CHECK(revoke_user_access(&fixture.turn, FIXTURE_USER, &ended, &fixture.err));
    CHECK_INT(0, ended.connections);
    CHECK_INT(0, ended.devices);
    fixture_exec(&fixture, "update device set status = 'active'", NULL);
}

/* -- for whom ------------------------------------------------------------------------------ */

static void
test_an_actor_sees_what_his_rank_reaches(void)
{
    static const struct {
        int64_t actor;
        int role, owner_role;
        bool seen;
    } cases[] = {
        {0, ROLE_USER, ROLE_SUPERADMIN, true},
        {7, ROLE_USER, ROLE_USER, true},
        {8, ROLE_USER, ROLE_USER, false},
        {8, ROLE_ADMIN, ROLE_USER, true},
        {8, ROLE_ADMIN, ROLE_ADMIN, false},
        {8, ROLE_SUPERADMIN, ROLE_ADMIN, true},
        {8, ROLE_SUPERADMIN, ROLE_SUPERADMIN, false},
        {7, ROLE_SUPERADMIN, ROLE_SUPERADMIN, true},
    };
    struct connection connection, read;

    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_turn(&fixture);
        fixture_connect(&fixture, &connection);
        fixture_exec(&fixture, "update tg_user set role = $1::user_role where telegram_id = 7",
            user_role_names[cases[i].owner_role]);
        fixture.turn.actor.telegram_id = cases[i].actor;
        fixture.turn.actor.role = cases[i].role;
        CHECK_INT(
            cases[i].seen, connection_read(&fixture.turn, connection.id, &read, &fixture.err));
        fixture.turn.actor.telegram_id = 0;
        fixture.turn.actor.role = ROLE_USER;
    }
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_each_rule_refuses_with_its_own_error();
    test_3_9_keys_fall_back_and_may_be_missing();
    test_3_5_a_write_has_one_audit_row_and_one_outbox_row_per_role();
    test_3_5_no_secret_is_in_outbox_or_audit();
    test_3_5_each_protocol_tells_its_component();
    test_3_7_a_hysteria_user_is_called_by_its_marker();
    test_3_7_a_credential_key_is_the_uuid_without_what_xray_ignores();
    test_3_7_two_active_revisions_never_share_a_credential();
    test_3_8_overrides_reach_the_configuration();
    test_3_9_a_chain_begins_at_the_entry();
    test_3_10_request_before_override_before_the_first();
    test_3_11_a_name_is_the_best_that_is_known();
    test_3_0_a_device_loses_all_its_connections_at_once();
    test_3_0_a_user_loses_all_and_the_count_is_told();
    test_an_actor_sees_what_his_rank_reaches();
    fixture_close(&fixture);
    return check_report("domain/connections");
}
