#include "harness/call.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "harness/scopes.h"

#define D1   "00000000-0000-4000-8000-0000000000d1"
#define D2   "00000000-0000-4000-8000-0000000000d2"
#define D3   "00000000-0000-4000-8000-0000000000d3"
#define D4   "00000000-0000-4000-8000-0000000000d4"
#define C1   "00000000-0000-4000-8000-0000000000c1"
#define C2   "00000000-0000-4000-8000-0000000000c2"
#define R1   "00000000-0000-4000-8000-0000000000a1"
#define NONE "00000000-0000-4000-8000-0000000000ff"

/* clang-format off */
#define ON_D1 "{'user_id': '7', 'device_id': '" D1 "', 'protocol': 'vless_reality', "
#define B1    "'mode': 'direct', 'variant': 'B1'"
#define ISSUE ", 'issue': {}}"
#define ON_D4(protocol, mode, variant, overrides)                                                  \
    "{'user_id': 7, 'device_id': '" D4 "', 'protocol': '" protocol "', 'mode': '" mode "',"        \
    " 'variant': '" variant "', 'custom_overrides_json': " overrides ", 'issue': {}}"

static const struct call calls[] = {
    {"people", CALL_SQL, "insert into tg_user (telegram_id, telegram_username, role,"
        " entitlement_status) values (7, 'ada', 'user', 'active'), (8, null, 'user', 'active'),"
        " (9, null, 'admin', 'active')"},
    {"devices", CALL_SQL, "insert into device (id, user_id, name, status) values"
        " ('" D1 "', 7, 'phone', 'active'), ('" D2 "', 7, 'old', 'revoked'),"
        " ('" D3 "', 8, 'other', 'active')"},

    {"no node yet", "POST", "/connections", ON_D1 B1 ISSUE, 409,
        "{'code': 'no_endpoint', 'detail': 'No usable endpoint for VPS_T'}"},
    {"both or nothing", "GET", "/connections/by-device/" D1, NULL, 200, "[]"},
    {"a node", CALL_SQL, "with n as (insert into node_endpoint"
        " (id, role, name, base_url, public_ipv4, fqdn, active) values"
        " (gen_random_uuid(), 'VPS_T', 't1', 'http://t1', '192.0.2.1', 't1.example.net', true)"
        " returning id) insert into node_cursor (node_id, stream_id, last_seen)"
        " select n.id, s.stream_id, now() from n, outbox_stream s where s.name = 'role:VPS_T'"},

    {"create with a revision", "POST", "/connections", ON_D1 B1 ISSUE, 201,
        "{'user_id': 7, 'device_id': '" D1 "', 'device_name': 'phone',"
        " 'user_display': '@ada (7)', 'protocol': 'vless_reality', 'mode': 'direct',"
        " 'variant': 'B1', 'profile_name': 'default', 'custom_overrides_json': {},"
        " 'status': 'active', 'revision': {'slot': 0, 'status': 'active',"
        " 'camouflage_sni_id': 1, 'effective_config_json': {'protocol': 'vless',"
        " 'transport': 'reality', 'profile': 'B1-stealth-direct', 'server': 't1.example.net',"
        " 'port': 443, 'device_id': '" D1 "', 'flow': 'xtls-rprx-vision',"
        " 'reality': {'public_key': '" FIXTURE_REALITY_KEY "', 'short_id': '0123456789abcdef'},"
        " 'local_socks': {'enabled': true, 'listen': '127.0.0.1:1080'},"
        " 'client_options': {'connect_timeout_ms': 8000, 'dial_timeout_ms': 8000,"
        " 'tcp_fast_open': true}, 'chain': null}}}",
        "Cache-Control: no-store"},
    {"a connection with a known id", CALL_SQL, "insert into connection (id, user_id, device_id,"
        " protocol, mode, variant, profile_name, custom_overrides_json, status, ver, created_at)"
        " select '" C1 "', user_id, device_id, protocol, mode, variant, profile_name,"
        " custom_overrides_json, status, ver, created_at from connection"},
    {"and its revision", CALL_SQL, "update connection_revision set connection_id = '" C1 "'"},
    {"and its event", CALL_SQL, "update outbox_event set aggregate_id = '" C1 "'"},
    {"in place of the other", CALL_SQL, "delete from connection where id <> '" C1 "'"},

    {"get", "GET", "/connections/" C1, NULL, 200,
        "{'id': '" C1 "', 'alias': '@ada (7) - phone - " C1 "', 'status': 'active'}"},
    {"get, without hyphens", "GET", "/connections/000000000000400080000000000000C1", NULL, 200,
        "{'id': '" C1 "'}"},
    {"get none", "GET", "/connections/" NONE, NULL, 404,
        "{'code': 'connection_not_found', 'detail': 'Connection not found'}"},
    {"get nonsense", "GET", "/connections/x", NULL, 422,
        "{'errors': [{'type': 'uuid_parsing'}]}"},
    {"list", "GET", "/connections/by-device/" D1, NULL, 200, "[{'id': '" C1 "'}]"},
    {"list of no device", "GET", "/connections/by-device/" NONE, NULL, 404,
        "{'code': 'device_not_found'}"},

    {"no user", "POST", "/connections",
        "{'user_id': 99, 'device_id': '" D1 "', 'protocol': 'vless_reality', " B1 "}", 404,
        "{'code': 'user_not_found', 'detail': 'User not found'}"},
    {"no device", "POST", "/connections",
        "{'user_id': 7, 'device_id': '" NONE "', 'protocol': 'vless_reality', " B1 "}", 404,
        "{'code': 'device_not_found', 'detail': 'Device not found'}"},
    {"another's device", "POST", "/connections",
        "{'user_id': 7, 'device_id': '" D3 "', 'protocol': 'vless_reality', " B1 "}", 400,
        "{'code': 'device_not_of_user', 'detail': 'Device does not belong to user'}"},
    {"a revoked device", "POST", "/connections",
        "{'user_id': 7, 'device_id': '" D2 "', 'protocol': 'vless_reality', " B1 "}", 409,
        "{'code': 'device_revoked', 'detail': 'Device is revoked'}"},
    {"no such combination", "POST", "/connections",
        ON_D1 "'mode': 'chain', 'variant': 'B1'}", 400,
        "{'code': 'combination', 'detail': 'Unsupported protocol/mode/variant combination'}"},
    {"overrides", "POST", "/connections",
        ON_D1 B1 ", 'custom_overrides_json': {'port': 1, 'dial_timeout_ms': 1}}", 400,
        "{'code': 'overrides',"
        " 'detail': 'These overrides are not allowed: port, dial_timeout_ms'}"},
    {"an unknown name", "POST", "/connections",
        ON_D1 B1 ", 'issue': {'camouflage_sni_id': 999999}}", 400,
        "{'code': 'sni_unavailable', 'detail': 'Requested SNI is unavailable'}"},
    {"every fault", "POST", "/connections",
        "{'user_id': 0, 'device_id': 'x', 'mode': 1, 'variant': 'B9', 'profile_name': '',"
        " 'custom_overrides_json': [], 'issue': {'force': 1}}", 422,
        "{'errors': [{'loc': ['body', 'user_id']}, {'loc': ['body', 'device_id']},"
        " {'loc': ['body', 'protocol'], 'type': 'missing'}, {'loc': ['body', 'mode']},"
        " {'loc': ['body', 'variant'], 'type': 'enum'}, {'loc': ['body', 'profile_name']},"
        " {'loc': ['body', 'custom_overrides_json'], 'type': 'dict_type'},"
        " {'loc': ['body', 'issue', 'force'], 'type': 'bool_parsing'}]}"},
    {"without a revision", "POST", "/connections", ON_D1 B1 ", 'profile_name': 'spare'}", 201,
        "{'profile_name': 'spare', 'revision': null}"},
    {"give it a known id", CALL_SQL,
        "update connection set id = '" C2 "' where profile_name = 'spare'"},
    {"oldest first", "GET", "/connections/by-device/" D1, NULL, 200,
        "[{'id': '" C1 "'}, {'id': '" C2 "'}]"},

    /* the other protocols, on a device of their own */
    {"a device for them", CALL_SQL, "insert into device (id, user_id, name, status) values"
        " ('" D4 "', 7, 'laptop', 'active')"},
    {"VLESS over WebSocket", "POST", "/connections", ON_D4("vless_ws_tls", "direct", "B1", "{}"),
        201, "{'protocol': 'vless_ws_tls', 'revision': {'camouflage_sni_id': null,"
        " 'effective_config_json': {'transport': 'ws_tls', 'profile': 'B1-https-ws-direct',"
        " 'server': 't1.example.net', 'tls': {'server_name': 't1.example.net',"
        " 'insecure': false}, 'ws': {'path': '/ws', 'host': 't1.example.net'}}}}"},
    {"a chain needs its entry", "POST", "/connections",
        ON_D4("vless_ws_tls", "chain", "B2", "{}"), 409,
        "{'code': 'no_endpoint', 'detail': 'No usable endpoint for VPS_E'}"},
    {"REALITY's, too", "POST", "/connections", ON_D4("vless_reality", "chain", "B2", "{}"), 409,
        "{'code': 'no_endpoint', 'detail': 'No usable endpoint for VPS_E'}"},
    {"an override of another protocol", "POST", "/connections",
        ON_D4("vless_ws_tls", "direct", "B1", "{'camouflage_sni_id': 1}"), 400,
        "{'code': 'overrides', 'detail': 'These overrides are not allowed: camouflage_sni_id'}"},
    {"a path with a scheme", "POST", "/connections",
        ON_D4("vless_ws_tls", "direct", "B1", "{'ws_path': '/a://b', 'ws_host': 'h.net'}"), 400,
        "{'detail': 'These overrides are not allowed: ws_path'}"},
    {"Hysteria2", "POST", "/connections",
        ON_D4("hysteria2", "direct", "B3", "{'client_mode': 'tun'}"), 201,
        "{'protocol': 'hysteria2', 'revision': {'effective_config_json': {'port': 443,"
        " 'transport': 'udp-quic', 'profile': 'B3-h3-mimic-direct', 'auth': {'type': 'userpass'},"
        " 'insecure': false, 'pin_sha256': null, 'obfs': null, 'client_mode': 'tun'}}}"},
    {"a listener for everybody", "POST", "/connections",
        ON_D4("hysteria2", "direct", "B3", "{'socks_listen': '0.0.0.0:1080', 'port': 1}"), 400,
        "{'detail': 'These overrides are not allowed: socks_listen, port'}"},
    {"Hysteria2 has no chain", "POST", "/connections",
        ON_D4("hysteria2", "chain", "B3", "{}"), 400, "{'code': 'combination'}"},
    {"what it could get", "GET", "/connections/offers/" D4, NULL, 200,
        "[{'protocol': 'vless_reality', 'mode': 'direct', 'variant': 'B1', 'available': true, 'code': null, 'recommended': true},"
        " {'protocol': 'vless_reality', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'no_endpoint', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'direct', 'variant': 'B1', 'available': true, 'code': null, 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'no_endpoint', 'recommended': false},"
        " {'protocol': 'hysteria2', 'mode': 'direct', 'variant': 'B3', 'available': true, 'code': null, 'recommended': false},"
        " {'protocol': 'wireguard', 'mode': 'direct', 'variant': 'B5', 'available': false, 'code': 'ipam_exhausted', 'recommended': false}]"},
    {"no address", "POST", "/connections", ON_D4("wireguard", "direct", "B5", "{}"), 409,
        "{'code': 'ipam_exhausted', 'detail': 'IPAM pool exhausted'}"},
    {"a pool", CALL_SQL, "insert into ipam_pool (id, cidr, gateway) values"
        " (gen_random_uuid(), '10.70.0.0/24', '10.70.0.1')"},
    {"WireGuard", "POST", "/connections",
        ON_D4("wireguard", "direct", "B5", "{'dns': ['9.9.9.9']}"), 201,
        "{'protocol': 'wireguard', 'revision': {'effective_config_json': {"
        " 'profile': 'B5-gaming-direct', 'endpoint': 't1.example.net:51820',"
        " 'interface': {'addresses': ['10.70.0.2/32'], 'dns': ['9.9.9.9'], 'mtu': 1420},"
        " 'peer': {'allowed_ips': ['0.0.0.0/0'], 'persistent_keepalive': 25,"
        " 'endpoint': 't1.example.net:51820'}, 'assigned_ip': '10.70.0.2'}}}"},
    {"one for each device", "POST", "/connections", ON_D4("wireguard", "direct", "B5", "{}"), 409,
        "{'code': 'wg_exists', 'detail': 'WireGuard connection already exists for this device'}"},
    {"what it could get now", "GET", "/connections/offers/" D4, NULL, 200,
        "[{'protocol': 'vless_reality', 'mode': 'direct', 'variant': 'B1', 'available': true, 'code': null, 'recommended': true},"
        " {'protocol': 'vless_reality', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'no_endpoint', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'direct', 'variant': 'B1', 'available': true, 'code': null, 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'no_endpoint', 'recommended': false},"
        " {'protocol': 'hysteria2', 'mode': 'direct', 'variant': 'B3', 'available': true, 'code': null, 'recommended': false},"
        " {'protocol': 'wireguard', 'mode': 'direct', 'variant': 'B5', 'available': false, 'code': 'wg_exists', 'recommended': false}]"},
    {"and another device", "GET", "/connections/offers/" D1, NULL, 200,
        "[{'protocol': 'vless_reality', 'mode': 'direct', 'variant': 'B1', 'available': true, 'code': null, 'recommended': true},"
        " {'protocol': 'vless_reality', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'no_endpoint', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'direct', 'variant': 'B1', 'available': true, 'code': null, 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'no_endpoint', 'recommended': false},"
        " {'protocol': 'hysteria2', 'mode': 'direct', 'variant': 'B3', 'available': true, 'code': null, 'recommended': false},"
        " {'protocol': 'wireguard', 'mode': 'direct', 'variant': 'B5', 'available': true, 'code': null, 'recommended': false}]"},
    {"and not in another variant", "POST", "/connections",
        ON_D4("wireguard", "direct", "B3", "{}"), 400, "{'code': 'combination'}"},
    {"of no device", "GET", "/connections/offers/" NONE, NULL, 404,
        "{'code': 'device_not_found'}"},
    {"of a revoked device", "GET", "/connections/offers/" D2, NULL, 200,
        "[{'protocol': 'vless_reality', 'mode': 'direct', 'variant': 'B1', 'available': false, 'code': 'device_revoked', 'recommended': false},"
        " {'protocol': 'vless_reality', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'device_revoked', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'direct', 'variant': 'B1', 'available': false, 'code': 'device_revoked', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'device_revoked', 'recommended': false},"
        " {'protocol': 'hysteria2', 'mode': 'direct', 'variant': 'B3', 'available': false, 'code': 'device_revoked', 'recommended': false},"
        " {'protocol': 'wireguard', 'mode': 'direct', 'variant': 'B5', 'available': false, 'code': 'device_revoked', 'recommended': false}]"},
    {"of another's device", "GET", "/connections/offers/" D4, NULL, 404,
        "{'code': 'device_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"his own", "GET", "/connections/offers/" D4, NULL, 200,
        "[{'available': true}, {}, {}, {}, {}, {'code': 'wg_exists'}]",
        .send = "X-Actor-Telegram-Id: 7"},
    {"forget them", CALL_SQL, "delete from device where id = '" D4 "'"},

    {"grace", CALL_SQL, "update tg_user set entitlement_status = 'grace' where telegram_id = 7"},
    {"nothing to be had in grace", "GET", "/connections/offers/" D1, NULL, 200,
        "[{'protocol': 'vless_reality', 'mode': 'direct', 'variant': 'B1', 'available': false, 'code': 'entitlement_grace', 'recommended': false},"
        " {'protocol': 'vless_reality', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'entitlement_grace', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'direct', 'variant': 'B1', 'available': false, 'code': 'entitlement_grace', 'recommended': false},"
        " {'protocol': 'vless_ws_tls', 'mode': 'chain', 'variant': 'B2', 'available': false, 'code': 'entitlement_grace', 'recommended': false},"
        " {'protocol': 'hysteria2', 'mode': 'direct', 'variant': 'B3', 'available': false, 'code': 'entitlement_grace', 'recommended': false},"
        " {'protocol': 'wireguard', 'mode': 'direct', 'variant': 'B5', 'available': false, 'code': 'entitlement_grace', 'recommended': false}]"},
    {"nothing new in grace", "POST", "/connections", ON_D1 B1 ISSUE, 403,
        "{'code': 'entitlement_grace', 'detail':"
        " 'Grace period allows existing configs only; issuing new revisions is blocked'}"},
    {"force needs its scope", "POST", "/connections", ON_D1 B1 ", 'issue': {'force': true}}",
        403, "{'code': 'scope', 'detail': 'Insufficient API token scope, required: users:force'}",
        .scopes = "connections:rw"},
    {"force", "POST", "/connections",
        ON_D1 B1 ", 'profile_name': 'forced', 'issue': {'force': true}}", 201,
        "{'profile_name': 'forced'}", .scopes = "connections:rw users:force"},
    {"forget that one", CALL_SQL, "delete from connection where profile_name = 'forced'"},
    {"blocked", CALL_SQL,
        "update tg_user set entitlement_status = 'blocked' where telegram_id = 7"},
    {"nothing when blocked", "POST", "/connections", ON_D1 B1 ISSUE, 403,
        "{'code': 'entitlement_blocked', 'detail': 'User entitlement is blocked'}"},
    {"bot block", CALL_SQL, "update tg_user set entitlement_status = 'active',"
        " bot_blocked_until = now() + interval '1 hour' where telegram_id = 7"},
    {"nothing during a bot block", "POST", "/connections", ON_D1 B1 ISSUE, 403,
        "{'code': 'user_blocked', 'detail': 'User is blocked'}"},
    {"the block is over", CALL_SQL, "update tg_user set"
        " bot_blocked_until = now() - interval '1 second' where telegram_id = 7"},

    {"patch", "PATCH", "/connections/" C1,
        "{'profile_name': 'work', 'custom_overrides_json': {'local_socks_port': 2080}}", 200,
        "{'profile_name': 'work', 'custom_overrides_json': {'local_socks_port': 2080}}"},
    {"patch nothing", "PATCH", "/connections/" C1, "{}", 200, "{'profile_name': 'work'}"},
    {"patch to null", "PATCH", "/connections/" C1, "{'profile_name': null}", 422,
        "{'errors': [{'type': 'string_type'}]}"},
    {"patch what cannot be", "PATCH", "/connections/" C1, "{'status': 'revoked'}", 400,
        "{'code': 'patch_immutable'}"},
    {"nor to null", "PATCH", "/connections/" C1, "{'protocol': null}", 400,
        "{'code': 'patch_immutable'}"},
    {"patch overrides", "PATCH", "/connections/" C1,
        "{'custom_overrides_json': {'ws_path': '/'}}", 400, "{'code': 'overrides'}"},
    {"patch none", "PATCH", "/connections/" NONE, "{}", 404, "{'code': 'connection_not_found'}"},

    {"export", "GET", "/connections/" C1 "/export", NULL, 200, NULL,
        "Content-Disposition: attachment; filename=\"phone-000.txt\""},
    {"no cache keeps it", "GET", "/connections/" C1 "/export?format=uri", NULL, 200, NULL,
        "Cache-Control: no-store"},
    {"export as a picture", "GET", "/connections/" C1 "/export?format=qr.png", NULL, 200, NULL,
        "Content-Disposition: attachment; filename=\"phone-000.png\""},
    {"export in a form it lacks", "GET", "/connections/" C1 "/export?format=conf", NULL, 406,
        "{'code': 'export_format'}"},
    {"an older release left out", CALL_SQL, "update connection_revision set effective_config_json"
        " = effective_config_json - 'server' where connection_id = '" C1 "'"},
    {"what no client can do without", "GET", "/connections/" C1 "/export", NULL, 409,
        "{'code': 'export_config'}"},
    {"it is mended", CALL_SQL, "update connection_revision set effective_config_json"
        " = effective_config_json || '{\"server\": \"t1.example.net\"}'"
        " where connection_id = '" C1 "'"},
    {"export in no form", "GET", "/connections/" C1 "/export?format=doc", NULL, 422,
        "{'errors': [{'loc': ['query', 'format'], 'type': 'enum'}]}"},
    {"export nothing", "GET", "/connections/" C2 "/export", NULL, 404,
        "{'code': 'revision_not_found'}"},
    {"export none", "GET", "/connections/" NONE "/export", NULL, 404,
        "{'code': 'connection_not_found'}"},

    {"another does not see it", "GET", "/connections/" C1, NULL, 404,
        "{'code': 'connection_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"an admin sees it", "GET", "/connections/" C1, NULL, 200, "{'id': '" C1 "'}",
        .send = "X-Actor-Telegram-Id: 9"},
    {"but does not export it", "GET", "/connections/" C1 "/export", NULL, 404,
        "{'code': 'connection_not_found'}", .send = "X-Actor-Telegram-Id: 9"},
    {"another cannot make one", "POST", "/connections", ON_D1 B1 "}", 404,
        "{'code': 'user_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"nor learn of a device", "POST", "/connections",
        "{'user_id': 8, 'device_id': '" D1 "', 'protocol': 'vless_reality', " B1 "}", 404,
        "{'code': 'device_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"nor list, patch or delete", "GET", "/connections/by-device/" D1, NULL, 404,
        "{'code': 'device_not_found'}", .send = "X-Actor-Telegram-Id: 8"},
    {"nor patch", "PATCH", "/connections/" C1, "{}", 404, "{'code': 'connection_not_found'}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"nor delete", "DELETE", "/connections/" C1, NULL, 404, "{'code': 'connection_not_found'}",
        .send = "X-Actor-Telegram-Id: 8"},

    {"waiting to be numbered", "GET", "/connections/" C1 "/delivery", NULL, 200,
        "{'connection_id': '" C1 "', 'state': 'waiting',"
        " 'nodes': [{'role': 'VPS_T', 'state': 'waiting'}]}"},
    {"of the device", "GET", "/connections/delivery/by-device/" D1, NULL, 200,
        "[{'connection_id': '" C1 "'}, {'connection_id': '" C2 "'}]"},
    {"of no device", "GET", "/connections/delivery/by-device/" NONE, NULL, 404,
        "{'code': 'device_not_found'}"},
    {"of none", "GET", "/connections/" NONE "/delivery", NULL, 404,
        "{'code': 'connection_not_found'}"},

    {"delete", "DELETE", "/connections/" C1, NULL, 204, NULL},
    {"delete again", "DELETE", "/connections/" C1, NULL, 204, NULL},
    {"delete none", "DELETE", "/connections/" NONE, NULL, 404,
        "{'code': 'connection_not_found'}"},
    {"get a revoked one", "GET", "/connections/" C1, NULL, 200, "{'status': 'revoked'}"},
    {"patch a revoked one", "PATCH", "/connections/" C1, "{'profile_name': 'x'}", 409,
        "{'code': 'connection_revoked', 'detail': 'Connection is revoked'}"},
    {"export a revoked one", "GET", "/connections/" C1 "/export", NULL, 410,
        "{'code': 'revision_gone'}"},
    {"not in the list", "GET", "/connections/by-device/" D1, NULL, 200, "[{'id': '" C2 "'}]"},
    {"unless asked for", "GET", "/connections/by-device/" D1 "?include_revoked=true", NULL, 200,
        "[{'id': '" C1 "'}, {'id': '" C2 "'}]"},

    {"a key", "POST", "/connections", ON_D1 B1 ", 'profile_name': 'once'" ISSUE, 201,
        "{'profile_name': 'once', 'revision': {'slot': 0}}", .send = "Idempotency-Key: k1"},
    {"the same answer", "POST", "/connections", ON_D1 B1 ", 'profile_name': 'once'" ISSUE, 201,
        "{'profile_name': 'once', 'revision': {'slot': 0,"
        " 'effective_config_json': {'flow': 'xtls-rprx-vision'}}}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: k1"},
    {"a key without a revision", "POST", "/connections", ON_D1 B1 "}", 201, "{'revision': null}",
        .send = "Idempotency-Key: k2"},
    {"the same answer", "POST", "/connections", ON_D1 B1 "}", 201, "{'revision': null}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: k2"},

    {"scope of the list", "GET", "/connections/by-device/" D1, NULL, 403, "{'code': 'scope'}",
        .scopes = "connections:write"},
    {"scope of get", "GET", "/connections/" C1, NULL, 403, "{'code': 'scope'}",
        .scopes = "connections:write"},
    {"scope of create", "POST", "/connections", "{}", 403, "{'code': 'scope'}",
        .scopes = "connections:read"},
    {"scope of patch", "PATCH", "/connections/" C1, "{}", 403, "{'code': 'scope'}",
        .scopes = "connections:read"},
    {"scope of delete", "DELETE", "/connections/" C1, NULL, 403, "{'code': 'scope'}",
        .scopes = "connections:read"},
    {"scope of export", "GET", "/connections/" C1 "/export", NULL, 403, "{'code': 'scope'}",
        .scopes = "connections:rw"},
    {"scope of offers", "GET", "/connections/offers/" D1, NULL, 403, "{'code': 'scope'}",
        .scopes = "connections:write"},
    {"scope of delivery", "GET", "/connections/" C1 "/delivery", NULL, 403, "{'code': 'scope'}",
        .scopes = "revisions:rw"},
    {"scope of deliveries", "GET", "/connections/delivery/by-device/" D1, NULL, 403,
        "{'code': 'scope'}", .scopes = "revisions:rw"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/connections");
}
