#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define ADA    "{'telegram_id': 7, 'role': 'user', 'devices_max': 3, 'telegram_username': null}"
#define ID(id) "{'telegram_id': " #id "}"

/* HMAC-SHA256 of "user:8" under the fixture's secret. */
#define PID_8 "2b547f724809997716dc"

#define FAULT(type, source, field) "{'type': '" type "', 'loc': ['" source "', '" field "']}"

#define READ_ONLY                                                                                  \
    "{'code': 'scope', 'detail': 'Insufficient API token scope, required: users:write'}"
#define NOT_FOUND "{'code': 'user_not_found', 'detail': 'User not found'}"

/* clang-format off */
static const struct call calls[] = {
    {"nobody there yet", "GET", "/users/7", NULL, 404,
        "{'type': 'about:blank', 'title': 'Not Found', 'status': 404, 'code': 'user_not_found',"
        " 'detail': 'User not found', 'request_id': 'test-1'}"},
    {"create", "POST", "/users", "{'telegram_id': 7, 'devices_max': 3}", 201,
        "{'telegram_id': 7, 'telegram_username': null, 'telegram_first_name': null,"
        " 'telegram_last_name': null, 'role': 'user', 'devices_max': 3,"
        " 'entitlement_status': 'active', 'grace_ends_at': null, 'bot_blocked_until': null,"
        " 'bot_block_reason': null}"},
    {"create again", "POST", "/users", "{'telegram_id': 7}", 409,
        "{'code': 'user_exists', 'detail': 'User already exists'}"},
    {"a number in a string will do", "POST", "/users", "{'telegram_id': '8'}", 201,
        "{'telegram_id': 8, 'devices_max': 5}"},
    {"get", "GET", "/users/7", NULL, 200, ADA, "X-Request-Id: test-1"},
    {"get by the other path", "GET", "/users/telegram/7", NULL, 200, ADA},
    {"head", "HEAD", "/users/7", NULL, 200, ADA},

    {"a new limit", "PATCH", "/users/7", "{'devices_max': 4}", 200, "{'devices_max': 4}"},
    {"absent leaves", "PATCH", "/users/7", "{}", 200, "{'devices_max': 4}"},
    {"null is no limit", "PATCH", "/users/7", "{'devices_max': null}", 422,
        "{'errors': [" FAULT("int_parsing", "body", "devices_max") "]}"},
    {"65 is too many", "PATCH", "/users/7", "{'devices_max': 65}", 422,
        "{'errors': [" FAULT("less_than_equal", "body", "devices_max") "]}"},
    {"nobody to change", "PATCH", "/users/9", "{'devices_max': 4}", 404, NOT_FOUND},

    {"a profile is trimmed", "PATCH", "/users/7/profile",
        "{'telegram_username': ' @ada ', 'telegram_first_name': ' Ada ', 'telegram_last_name': 'L'}",
        200, "{'telegram_username': 'ada', 'telegram_first_name': 'Ada', 'telegram_last_name': 'L'}"},
    {"null leaves", "PATCH", "/users/7/profile", "{'telegram_username': null}", 200,
        "{'telegram_username': 'ada', 'telegram_first_name': 'Ada'}"},
    {"empty clears", "PATCH", "/users/7/profile", "{'telegram_last_name': '  '}", 200,
        "{'telegram_last_name': null}"},
    {"nobody's profile", "PATCH", "/users/9/profile", "{}", 404, NOT_FOUND},

    {"one page", "GET", "/users?role=user&limit=1", NULL, 200, "[" ID(8) "]"},
    {"the next", "GET", CALL_NEXT, NULL, 200, "[" ID(7) "]"},
    {"a place in another list", "GET", "/users?cursor=AAZJrHB0GcAPj61b2ctGn6FlcIZ3KJUO", NULL, 200,
        "[]"},
    {"no admins", "GET", "/users?role=admin", NULL, 200, "[]"},
    {"an escape in a query", "GET", "/users?role=%75ser&limit=1000", NULL, 200,
        "[" ID(8) "," ID(7) "]"},
    {"nobody is blocked", "GET", "/users?blocked_only=true", NULL, 200, "[]"},
    {"a device to be found by", CALL_SQL, "insert into device (id, user_id, name, status)"
        " values (gen_random_uuid(), 8, 'Green 100%', 'active')"},
    {"a part of a name", "GET", "/users?search=ADA", NULL, 200, "[" ID(7) "]"},
    {"a part of a device's name", "GET", "/users?search=een%20100%25", NULL, 200, "[" ID(8) "]"},
    {"a wildcard is only itself", "GET", "/users?search=g%25n", NULL, 200, "[]"},
    {"the beginning of an id", "GET", "/users?search=7", NULL, 200, "[" ID(7) "]"},
    {"the beginning of a username", "GET", "/users?search=ad", NULL, 200, "[" ID(7) "]"},
    {"not its middle", "GET", "/users?search=da", NULL, 200, "[]"},

    {"by pseudonym", "GET", "/users?pid=" PID_8, NULL, 200, "[" ID(8) "]"},
    {"nobody's", "GET", "/users?pid=00000000000000000000", NULL, 200, "[]"},
    {"and a role", "GET", "/users?role=admin&pid=" PID_8, NULL, 200, "[]"},
    {"20 digits", "GET", "/users?pid=2b547f72480999771", NULL, 422,
        "{'errors': [" FAULT("string_pattern", "query", "pid") "]}"},

    {"every fault is listed", "POST", "/users", "{'devices_max': 65}", 422,
        "{'errors': [" FAULT("missing", "body", "telegram_id") ","
        FAULT("less_than_equal", "body", "devices_max") "]}"},
    {"path and body", "PATCH", "/users/ada/profile", "{'telegram_username': 1}", 422,
        "{'errors': [" FAULT("int_parsing", "path", "telegram_id") ","
        FAULT("string_type", "body", "telegram_username") "]}"},
    {"a limit is a number", "GET", "/users?limit=x", NULL, 422,
        "{'errors': [" FAULT("int_parsing", "query", "limit") "]}"},
    {"a cursor is ours", "GET", "/users?cursor=x", NULL, 422,
        "{'errors': [" FAULT("string_pattern", "query", "cursor") "]}"},
    {"an id is above 0", "POST", "/users", "{'telegram_id': 0}", 422,
        "{'errors': [" FAULT("greater_than_equal", "body", "telegram_id") "]}"},
    {"an id has 63 bits", "POST", "/users", "{'telegram_id': 9223372036854775808}", 422,
        "{'errors': [{'loc': ['body', 'telegram_id']}]}"},

    {"401", "GET", "/users/7", NULL, 401, "{'code': 'token'}", .scopes = "none"},
    {"403", "POST", "/users", "{'telegram_id': 10}", 403, READ_ONLY, .scopes = "users:read"},
    {"405", "DELETE", "/users", NULL, 405, "{'code': 'method_not_allowed'}",
        "Allow: GET, HEAD, POST"},

    {"ranks", CALL_SQL, "insert into tg_user (telegram_id, role) values (20, 'admin'),"
        " (30, 'superadmin')"},
    {"an actor sees himself", "GET", "/users/7", NULL, 200, ID(7), .send = "X-Actor-Telegram-Id: 7"},
    {"not another", "GET", "/users/8", NULL, 404, NOT_FOUND, .send = "X-Actor-Telegram-Id: 7"},
    {"nor in a list", "GET", "/users", NULL, 200, "[" ID(7) "]", .send = "X-Actor-Telegram-Id: 7"},
    {"nor by pseudonym", "GET", "/users?pid=" PID_8, NULL, 200, "[]",
        .send = "X-Actor-Telegram-Id: 7"},
    {"an admin lists himself and users", "GET", "/users", NULL, 200,
        "[" ID(20) "," ID(8) "," ID(7) "]", .send = "X-Actor-Telegram-Id: 20"},
    {"a superadmin lists admins, too", "GET", "/users?role=admin", NULL, 200, "[" ID(20) "]",
        .send = "X-Actor-Telegram-Id: 30"},
    {"of superadmins, himself", "GET", "/users?role=superadmin", NULL, 200,
        "[" ID(30) "]", .send = "X-Actor-Telegram-Id: 30"},
    {"an admin sees users", "GET", "/users/8", NULL, 200, ID(8), .send = "X-Actor-Telegram-Id: 20"},
    {"not superadmins", "GET", "/users/30", NULL, 404, NOT_FOUND,
        .send = "X-Actor-Telegram-Id: 20"},
    {"nobody sets his own limit", "PATCH", "/users/7", "{'devices_max': 64}", 403,
        "{'code': 'rank'}", .send = "X-Actor-Telegram-Id: 7"},
    {"an admin sets a user's", "PATCH", "/users/7", "{'devices_max': 6}", 200,
        "{'devices_max': 6}", .send = "X-Actor-Telegram-Id: 20"},
    {"a user makes no users", "POST", "/users", "{'telegram_id': 40}", 403, "{'code': 'rank'}",
        .send = "X-Actor-Telegram-Id: 7"},

    {"every change is audited, without names", CALL_SQL, "do $$ begin"
        " assert (select count(*) from audit_log where subject = 'user:7') = 7;"
        " assert (select count(*) from audit_log where action = 'users.create') = 2;"
        " assert (select count(*) from audit_log where action = 'users.profile'"
        "   and (before is not null or after is not null)) = 0;"
        " assert (select actor_telegram_id from audit_log order by id desc limit 1) = 20;"
        " assert (select after from audit_log order by id desc limit 1) = '{\"devices_max\": 6}';"
        " end $$"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/users");
}
