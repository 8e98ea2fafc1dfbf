#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define D1   "00000000-0000-4000-8000-0000000000d1"
#define D2   "00000000-0000-4000-8000-0000000000d2"
#define C1   "00000000-0000-4000-8000-0000000000c1"
#define NONE "00000000-0000-4000-8000-0000000000ff"

#define NOT_FOUND "{'code': 'device_not_found', 'detail': 'Device not found'}"
#define NO_NEW    "'detail': 'Cannot issue new device in grace/blocked state'}"

/* clang-format off */
static const struct call calls[] = {
    {"people", CALL_SQL, "insert into tg_user (telegram_id, devices_max, role) values"
        " (7, 2, 'user'), (8, 5, 'user'), (9, 5, 'admin')"},
    {"no user", "POST", "/devices", "{'user_id': 6, 'name': 'phone'}", 404,
        "{'code': 'user_not_found'}"},
    {"create", "POST", "/devices", "{'user_id': '7', 'name': 'phone'}", 201,
        "{'user_id': 7, 'name': 'phone', 'status': 'active'}"},
    {"a known id", CALL_SQL, "update device set id = '" D1 "'"},
    {"get", "GET", "/devices/" D1, NULL, 200, "{'id': '" D1 "', 'name': 'phone'}"},
    {"get none", "GET", "/devices/" NONE, NULL, 404, NOT_FOUND},
    {"not an id", "GET", "/devices/7", NULL, 422, "{'errors': [{'type': 'uuid_parsing'}]}"},
    {"a second", "POST", "/devices", "{'user_id': 7, 'name': 'tablet'}", 201, "{'user_id': 7}"},
    {"3.2 the limit", "POST", "/devices", "{'user_id': 7, 'name': 'third'}", 400,
        "{'code': 'device_limit', 'detail': 'Device limit reached (2)'}"},
    {"oldest first", "GET", "/devices/by-user/7", NULL, 200,
        "[{'name': 'phone'}, {'name': 'tablet'}]"},
    {"of nobody", "GET", "/devices/by-user/6", NULL, 404, "{'code': 'user_not_found'}"},
    {"a name is needed", "POST", "/devices", "{'user_id': 8, 'name': ''}", 422,
        "{'errors': [{'type': 'string_too_short', 'loc': ['body', 'name']}]}"},

    {"rename", "PATCH", "/devices/" D1, "{'name': 'new'}", 200, "{'name': 'new'}"},
    {"rename none", "PATCH", "/devices/" NONE, "{'name': 'new'}", 404, NOT_FOUND},
    {"a connection", CALL_SQL, "insert into connection (id, user_id, device_id, protocol, mode,"
        " variant, profile_name, custom_overrides_json, status) values ('" C1 "', 7, '" D1 "',"
        " 'vless_reality', 'direct', 'B1', 'default', '{}', 'active')"},
    {"delete", "DELETE", "/devices/" D1, NULL, 204, NULL},
    {"its connections end, and nodes are told", CALL_SQL, "do $$ begin"
        " assert (select status from connection where id = '" C1 "') = 'revoked';"
        " assert (select count(*) from outbox_event where aggregate_id = '" C1 "'"
        "   and revokes and event_type = 'REVOKE_CONNECTION') = 1; end $$"},
    {"delete again", "DELETE", "/devices/" D1, NULL, 204, NULL},
    {"delete what never was", "DELETE", "/devices/" NONE, NULL, 204, NULL},
    {"no second event, one audit row", CALL_SQL, "do $$ begin"
        " assert (select count(*) from outbox_event) = 1;"
        " assert (select count(*) from audit_log where action = 'devices.delete') = 1; end $$"},
    {"rename a revoked one", "PATCH", "/devices/" D1, "{'name': 'x'}", 409,
        "{'code': 'device_revoked'}"},
    {"revoked ones are hidden", "GET", "/devices/by-user/7", NULL, 200, "[{'name': 'tablet'}]"},
    {"unless asked for", "GET", "/devices/by-user/7?include_revoked=1", NULL, 200,
        "[{'name': 'new', 'status': 'revoked'}, {'name': 'tablet'}]"},
    {"the place is free again", "POST", "/devices", "{'user_id': 7, 'name': 'third'}", 201,
        "{'name': 'third'}"},

    {"3.3 grace", CALL_SQL, "update tg_user set entitlement_status = 'grace' where telegram_id = 8"},
    {"nothing new in grace", "POST", "/devices", "{'user_id': 8, 'name': 'x'}", 403,
        "{'code': 'entitlement_grace', " NO_NEW},
    {"3.3 blocked", CALL_SQL,
        "update tg_user set entitlement_status = 'blocked' where telegram_id = 8"},
    {"nothing when blocked", "POST", "/devices", "{'user_id': 8, 'name': 'x'}", 403,
        "{'code': 'entitlement_blocked', " NO_NEW},
    {"3.4 a bot block", CALL_SQL, "update tg_user set entitlement_status = 'active',"
        " bot_blocked_until = now() + interval '1 hour' where telegram_id = 8"},
    {"nothing while it runs", "POST", "/devices", "{'user_id': 8, 'name': 'x'}", 403,
        "{'code': 'user_blocked', 'detail': 'User is blocked'}"},
    {"3.4 it has run out", CALL_SQL,
        "update tg_user set bot_blocked_until = now() - interval '1 s' where telegram_id = 8"},
    {"its end needs nobody", "POST", "/devices", "{'user_id': 8, 'name': 'x'}", 201, "{'user_id': 8}"},
    {"a known id", CALL_SQL, "update device set id = '" D2 "' where user_id = 8"},

    {"an actor's own", "GET", "/devices/" D2, NULL, 200, "{'id': '" D2 "'}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"another's", "GET", "/devices/" D2, NULL, 404, NOT_FOUND, .send = "X-Actor-Telegram-Id: 7"},
    {"another's list", "GET", "/devices/by-user/8", NULL, 404, "{'code': 'user_not_found'}",
        .send = "X-Actor-Telegram-Id: 7"},
    {"for another", "POST", "/devices", "{'user_id': 8, 'name': 'x'}", 404,
        "{'code': 'user_not_found'}", .send = "X-Actor-Telegram-Id: 7"},
    {"deleting another's does nothing", "DELETE", "/devices/" D2, NULL, 204, NULL,
        .send = "X-Actor-Telegram-Id: 7"},
    {"an admin's reach", "GET", "/devices/" D2, NULL, 200, "{'status': 'active'}",
        .send = "X-Actor-Telegram-Id: 9"},

    {"403 reading", "GET", "/devices/" D2, NULL, 403, "{'code': 'scope'}", .scopes = "devices:write"},
    {"403 writing", "DELETE", "/devices/" D2, NULL, 403, "{'code': 'scope'}",
        .scopes = "devices:read"},
    {"no name in the audit log", CALL_SQL, "do $$ begin"
        " assert (select count(*) from audit_log where after::text like '%tablet%') = 0;"
        " assert (select count(*) from audit_log where action = 'devices.create') = 4; end $$"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/devices");
}
