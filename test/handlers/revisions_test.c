#include "harness/call.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "harness/scopes.h"

#define D1   "00000000-0000-4000-8000-0000000000d1"
#define C1   "00000000-0000-4000-8000-0000000000c1"
#define C2   "00000000-0000-4000-8000-0000000000c2"
#define C3   "00000000-0000-4000-8000-0000000000c3"
#define R1   "00000000-0000-4000-8000-0000000000a1"
#define R2   "00000000-0000-4000-8000-0000000000a2"
#define R3   "00000000-0000-4000-8000-0000000000a3"
#define R4   "00000000-0000-4000-8000-0000000000a4"
#define NONE "00000000-0000-4000-8000-0000000000ff"

#define BY     "/revisions/by-connection/" C1
#define CHAIN  "/revisions/by-connection/" C2
#define TUNNEL "/revisions/by-connection/" C3
/* The newest one gets an id that the story knows. */
#define NAMED(id)                                                                                  \
    "update connection_revision set id = '" id "' where id = (select id from connection_revision"  \
    " order by created_at desc limit 1)"

/* clang-format off */
static const struct call calls[] = {
    {"people", CALL_SQL, "insert into tg_user (telegram_id, role, entitlement_status) values"
        " (7, 'user', 'active'), (8, 'user', 'active'), (9, 'superadmin', 'active')"},
    {"a device", CALL_SQL, "insert into device (id, user_id, name, status) values"
        " ('" D1 "', 7, 'phone', 'active')"},
    {"a connection", CALL_SQL, "insert into connection (id, user_id, device_id, protocol, mode,"
        " variant, profile_name, custom_overrides_json, status, ver) values ('" C1 "', 7,"
        " '" D1 "', 'vless_reality', 'direct', 'B1', 'default', '{}', 'active', 1)"},

    {"nothing yet", "GET", BY, NULL, 200, "[]"},
    {"no connection to list", "GET", "/revisions/by-connection/" NONE, NULL, 404,
        "{'code': 'connection_not_found'}"},
    {"no connection to issue for", "POST", "/revisions/by-connection/" NONE, "{}", 404,
        "{'code': 'connection_not_found'}"},
    {"no node", "POST", BY, "{}", 409,
        "{'code': 'no_endpoint', 'detail': 'No usable endpoint for VPS_T'}"},
    {"a node", CALL_SQL, "insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
        " values (gen_random_uuid(), 'VPS_T', 't1', 'http://t1', '192.0.2.1', true)"},

    {"a chain and a tunnel", CALL_SQL, "insert into connection (id, user_id, device_id, protocol,"
        " mode, variant, profile_name, custom_overrides_json, status, ver) values"
        " ('" C2 "', 7, '" D1 "', 'vless_reality', 'chain', 'B2', 'default', '{}', 'active', 1),"
        " ('" C3 "', 7, '" D1 "', 'wireguard', 'direct', 'B5', 'default', '{}', 'active', 1)"},
    {"no entry", "POST", CHAIN, "{}", 409,
        "{'code': 'no_endpoint', 'detail': 'No usable endpoint for VPS_E'}"},
    {"no address", "POST", TUNNEL, "{}", 409,
        "{'code': 'ipam_exhausted', 'detail': 'IPAM pool exhausted'}"},
    {"a pool", CALL_SQL, "insert into ipam_pool (id, cidr, gateway) values"
        " (gen_random_uuid(), '10.70.0.0/24', '10.70.0.1')"},
    {"a tunnel's first", "POST", TUNNEL, "{}", 201,
        "{'slot': 0, 'camouflage_sni_id': null, 'effective_config_json': {"
        " 'assigned_ip': '10.70.0.2', 'interface': {'addresses': ['10.70.0.2/32']}}}"},
    {"and its second keeps the address", "POST", TUNNEL, "{'camouflage_sni_id': 1}", 201,
        "{'slot': 0, 'camouflage_sni_id': null, 'effective_config_json': {"
        " 'assigned_ip': '10.70.0.2'}}"},
    {"those are enough", CALL_SQL, "delete from connection where id <> '" C1 "'"},

    {"issue", "POST", BY, "{}", 201,
        "{'connection_id': '" C1 "', 'slot': 0, 'status': 'active', 'camouflage_sni_id': 1,"
        " 'effective_config_json': {'server': '192.0.2.1'}}", "Cache-Control: no-store"},
    {"R1", CALL_SQL, NAMED(R1)},
    {"issue by tag", "POST", BY, "{'provider': 'nobody'}", 201, "{'slot': 0}"},
    {"R2", CALL_SQL, NAMED(R2)},
    {"issue by id", "POST", BY, "{'camouflage_sni_id': '1'}", 201, "{'slot': 0}"},
    {"R3", CALL_SQL, NAMED(R3)},
    {"three slots", "GET", BY, NULL, 200,
        "[{'id': '" R3 "', 'slot': 0}, {'id': '" R2 "', 'slot': 1}, {'id': '" R1 "', 'slot': 2}]"},
    {"the fourth pushes the first out", "POST", BY, "{}", 201, "{'slot': 0}"},
    {"R4", CALL_SQL, NAMED(R4)},
    {"out", "GET", "/revisions/" R1, NULL, 200, "{'slot': 2, 'status': 'revoked'}"},
    {"page 1", "GET", BY "?limit=3", NULL, 200,
        "[{'id': '" R4 "'}, {'id': '" R3 "'}, {'id': '" R2 "', 'slot': 2}]"},
    {"page 2", "GET", CALL_NEXT, NULL, 200, "[{'id': '" R1 "', 'status': 'revoked'}]"},
    {"a limit too high", "GET", BY "?limit=1001", NULL, 422,
        "{'errors': [{'type': 'less_than_equal'}]}"},

    {"get", "GET", "/revisions/" R4, NULL, 200, "{'id': '" R4 "', 'slot': 0}",
        "Cache-Control: no-store"},
    {"get none", "GET", "/revisions/" NONE, NULL, 404,
        "{'code': 'revision_not_found', 'detail': 'Revision not found'}"},
    {"activate one that was pushed out", "POST", "/revisions/" R1 "/activate", NULL, 200,
        "{'id': '" R1 "', 'slot': 0, 'status': 'active',"
        " 'effective_config_json': {'flow': 'xtls-rprx-vision'}}"},
    {"the others follow", "GET", BY, NULL, 200,
        "[{'id': '" R4 "', 'slot': 1, 'status': 'active'},"
        " {'id': '" R3 "', 'slot': 2, 'status': 'active'}, {'id': '" R2 "', 'status': 'revoked'},"
        " {'id': '" R1 "', 'slot': 0, 'status': 'active'}]"},
    {"activate none", "POST", "/revisions/" NONE "/activate", NULL, 404,
        "{'code': 'revision_not_found'}"},
    {"revoke", "POST", "/revisions/" R4 "/revoke", NULL, 200,
        "{'id': '" R4 "', 'status': 'revoked'}"},
    {"revoke again", "POST", "/revisions/" R4 "/revoke", NULL, 200,
        "{'id': '" R4 "', 'status': 'revoked'}"},
    {"revoke none", "POST", "/revisions/" NONE "/revoke", NULL, 404,
        "{'code': 'revision_not_found'}"},
    {"they close up", "GET", "/revisions/" R3, NULL, 200, "{'slot': 1, 'status': 'active'}"},

    {"export", "GET", "/revisions/" R3 "/export?format=uri", NULL, 200, NULL,
        "Content-Disposition: attachment; filename=\"phone-000.txt\""},
    {"export as a picture", "GET", "/revisions/" R3 "/export?format=qr.png", NULL, 200, NULL,
        "Cache-Control: no-store"},
    {"export as a drawing", "GET", "/revisions/" R3 "/export?format=qr.svg", NULL, 200, NULL,
        "Content-Disposition: attachment; filename=\"phone-000.svg\""},
    {"export for Xray", "GET", "/revisions/" R3 "/export?format=xray", NULL, 200,
        "{'outbounds': [{'tag': 'B1', 'protocol': 'vless'}]}"},
    {"export for sing-box", "GET", "/revisions/" R3 "/export?format=singbox", NULL, 200,
        "{'outbounds': [{'type': 'vless', 'tag': 'B1'}]}",
        "Content-Disposition: attachment; filename=\"phone-000.json\""},
    {"export for mihomo", "GET", "/revisions/" R3 "/export?format=mihomo", NULL, 200, NULL,
        "Content-Disposition: attachment; filename=\"phone-000.yaml\""},
    {"export in a form it lacks", "GET", "/revisions/" R3 "/export?format=conf", NULL, 406,
        "{'code': 'export_format'}"},
    {"an older release left out", CALL_SQL, "update connection_revision set effective_config_json"
        " = effective_config_json - 'sni' || '{\"port\": \"443\"}' where id = '" R3 "'"},
    {"what no client can do without", "GET", "/revisions/" R3 "/export", NULL, 409,
        "{'code': 'export_config', 'detail': 'The configuration cannot be exported; missing or not"
        " as it should be: sni'}"},
    {"it is mended", CALL_SQL, "update connection_revision set effective_config_json"
        " = effective_config_json || '{\"sni\": \"www.one.net\"}' where id = '" R3 "'"},
    {"and a number is a text", "GET", "/revisions/" R3 "/export?format=xray", NULL, 200,
        "{'outbounds': [{'settings': {'vnext': [{'port': 443}]}}]}"},
    {"export a revoked one", "GET", "/revisions/" R4 "/export", NULL, 410,
        "{'code': 'revision_gone'}"},
    {"export none", "GET", "/revisions/" NONE "/export", NULL, 404,
        "{'code': 'revision_not_found'}"},

    {"an hour later", CALL_SQL, "update connection_revision"
        " set revoked_at = now() - interval '3601 seconds' where id = '" R4 "'"},
    {"too late", "POST", "/revisions/" R4 "/activate", NULL, 410, "{'code': 'revision_gone'}"},
    {"its secret dropped", CALL_SQL, "update connection_revision set effective_config_json ="
        " effective_config_json - 'uuid' where id = '" R2 "'"},
    {"nothing to bring back", "POST", "/revisions/" R2 "/activate", NULL, 410,
        "{'code': 'revision_gone'}"},

    {"an unknown name", "POST", BY, "{'camouflage_sni_id': 999999}", 400,
        "{'code': 'sni_unavailable', 'detail': 'Requested SNI is unavailable'}"},
    {"faults", "POST", BY, "{'camouflage_sni_id': 0, 'provider': '', 'force': 'yes'}", 422,
        "{'errors': [{'loc': ['body', 'camouflage_sni_id']}, {'loc': ['body', 'provider']},"
        " {'loc': ['body', 'force']}]}"},
    {"grace", CALL_SQL, "update tg_user set entitlement_status = 'grace' where telegram_id = 7"},
    {"nothing new in grace", "POST", BY, "{}", 403, "{'code': 'entitlement_grace', 'detail':"
        " 'Grace period allows existing configs only; issuing new revisions is blocked'}"},
    {"what there is may change places", "POST", "/revisions/" R3 "/activate", NULL, 200,
        "{'slot': 0}"},
    {"force needs its scope", "POST", BY, "{'force': true}", 403,
        "{'code': 'scope', 'detail': 'Insufficient API token scope, required: users:force'}",
        .scopes = "revisions:write"},
    {"force", "POST", BY, "{'force': true}", 201, "{'slot': 0}",
        .scopes = "revisions:write users:force"},
    {"blocked", CALL_SQL,
        "update tg_user set entitlement_status = 'blocked' where telegram_id = 7"},
    {"nothing when blocked", "POST", BY, "{}", 403,
        "{'code': 'entitlement_blocked', 'detail': 'User entitlement is blocked'}"},
    {"bot block", CALL_SQL, "update tg_user set entitlement_status = 'active',"
        " bot_blocked_until = now() + interval '1 hour' where telegram_id = 7"},
    {"nothing during a bot block", "POST", BY, "{'force': true}", 403,
        "{'code': 'user_blocked', 'detail': 'User is blocked'}"},
    {"R4 was just revoked", CALL_SQL,
        "update connection_revision set revoked_at = now() where id = '" R4 "'"},
    {"nothing comes back either", "POST", "/revisions/" R4 "/activate", NULL, 403,
        "{'code': 'user_blocked'}"},
    {"the block is over", CALL_SQL,
        "update tg_user set bot_blocked_until = null where telegram_id = 7"},

    {"another sees none of it", "GET", "/revisions/" R3, NULL, 404,
        "{'code': 'revision_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"nor the list", "GET", BY, NULL, 404, "{'code': 'connection_not_found'}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"nor issues", "POST", BY, "{}", 404, "{'code': 'connection_not_found'}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"nor activates", "POST", "/revisions/" R3 "/activate", NULL, 404,
        "{'code': 'revision_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"nor revokes", "POST", "/revisions/" R3 "/revoke", NULL, 404,
        "{'code': 'revision_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"a superadmin sees it", "GET", "/revisions/" R3, NULL, 200, "{'id': '" R3 "'}",
        .send = "X-Actor-Telegram-Id: 9"},
    {"but does not export it", "GET", "/revisions/" R3 "/export", NULL, 404,
        "{'code': 'revision_not_found'}", .send = "X-Actor-Telegram-Id: 9"},
    {"the owner does", "GET", "/revisions/" R3 "/export", NULL, 200, NULL,
        .send = "X-Actor-Telegram-Id: 7"},

    {"a key", "POST", BY, "{}", 201, "{'slot': 0, 'status': 'active'}",
        .send = "Idempotency-Key: k1"},
    {"the same answer", "POST", BY, "{}", 201, "{'slot': 0, 'status': 'active'}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: k1"},
    {"all but the last go", CALL_SQL, "update connection_revision set status = 'revoked',"
        " revoked_at = now() where id <> '" R3 "'"},
    {"a replay shows no secret any more", "POST", BY, "{}", 201, "{'status': 'revoked'}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: k1"},
    {"it moves to slot 0", "POST", "/revisions/" R3 "/activate", NULL, 200, "{'slot': 0}"},
    {"the last one", "POST", "/revisions/" R3 "/revoke", NULL, 200, "{'status': 'revoked'}"},
    {"revoked with its connection", "POST", "/revisions/" R3 "/activate", NULL, 409,
        "{'code': 'connection_revoked', 'detail': 'Connection is revoked'}"},
    {"nothing new for it", "POST", BY, "{}", 409, "{'code': 'connection_revoked'}"},

    {"scope of the list", "GET", BY, NULL, 403, "{'code': 'scope'}",
        .scopes = "revisions:write"},
    {"scope of issue", "POST", BY, "{}", 403, "{'code': 'scope'}", .scopes = "revisions:read"},
    {"scope of get", "GET", "/revisions/" R3, NULL, 403, "{'code': 'scope'}",
        .scopes = "revisions:write"},
    {"scope of activate", "POST", "/revisions/" R3 "/activate", NULL, 403, "{'code': 'scope'}",
        .scopes = "revisions:read"},
    {"scope of revoke", "POST", "/revisions/" R3 "/revoke", NULL, 403, "{'code': 'scope'}",
        .scopes = "revisions:read"},
    {"scope of export", "GET", "/revisions/" R3 "/export", NULL, 403, "{'code': 'scope'}",
        .scopes = "revisions:write"},
};

/* Where the operator has not said what nodes' keys are. */
static const struct call keyless_calls[] = {
    {"a user", CALL_SQL, "insert into tg_user (telegram_id) values (7)"},
    {"a device", CALL_SQL, "insert into device (id, user_id, name, status) values"
        " ('" D1 "', 7, 'phone', 'active')"},
    {"a node", CALL_SQL, "insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
        " values (gen_random_uuid(), 'VPS_T', 't1', 'http://t1', '192.0.2.1', true)"},
    {"connections", CALL_SQL, "insert into connection (id, user_id, device_id, protocol,"
        " mode, variant, profile_name, custom_overrides_json, status, ver) values"
        " ('" C1 "', 7, '" D1 "', 'vless_reality', 'direct', 'B1', 'default', '{}', 'active', 1),"
        " ('" C3 "', 7, '" D1 "', 'wireguard', 'direct', 'B5', 'default', '{}', 'active', 1)"},
    {"REALITY's", "POST", BY, "{}", 409,
        "{'code': 'reality_keys', 'detail': 'REALITY keys are not configured'}"},
    {"WireGuard's", "POST", TUNNEL, "{}", 409,
        "{'code': 'wireguard_key', 'detail': 'WireGuard server key is not configured'}"},
};
/* clang-format on */

static void
run_keyless(void)
{
    struct settings settings;
    struct db db;

    fixture_settings(&settings);
    settings.reality_public_key = settings.wireguard_server_public_key = "";
    database_init(&db);
    run_calls_under(&handler_app, keyless_calls, COUNT(keyless_calls), &settings, &db);
    db_free(&db);
}

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_keyless();
    run_scopes(&handler_app);
    return check_report("handlers/revisions");
}
