#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define ENTRY(action, subject) "{'action': '" action "', 'subject': '" subject "'}"

/* clang-format off */
static const struct call calls[] = {
    {"nothing yet", "GET", "/audit", NULL, 200, "[]"},
    {"what happened", CALL_SQL, "insert into audit_log (at, request_id, token_name,"
        " actor_telegram_id, action, subject, before, after) values"
        " ('2026-01-01', 'r1', 'bot', null, 'users.create', 'user:7', null, '{\"devices_max\": 5}'),"
        " ('2026-01-02', 'r2', 'bot', 7, 'devices.create', 'device:a', null, '{\"user_id\": 7}'),"
        " ('2026-01-03', 'r3', 'bot', 7, 'users.update', 'user:7', '{\"devices_max\": 5}',"
        "  '{\"devices_max\": 6}'),"
        " ('2026-01-04', null, null, null, 'users.update', 'user:8', null, null),"
        " ('2026-01-04', 'r5', 'bot', 20, 'users.block', 'user:77', null, '{}')"},
    {"newest first", "GET", "/audit", NULL, 200, "[" ENTRY("users.block", "user:77") ","
        ENTRY("users.update", "user:8") "," ENTRY("users.update", "user:7") ","
        ENTRY("devices.create", "device:a") "," ENTRY("users.create", "user:7") "]"},
    {"a whole one", "GET", "/audit?action=devices.create", NULL, 200,
        "[{'at': '2026-01-02T00:00:00Z', 'request_id': 'r2', 'token_name': 'bot',"
        " 'actor_telegram_id': 7, 'action': 'devices.create', 'subject': 'device:a',"
        " 'before': null, 'after': {'user_id': 7}}]"},
    {"one that no request made", "GET", "/audit?limit=2&telegram_id=8", NULL, 200,
        "[{'request_id': null, 'token_name': null, 'actor_telegram_id': null}]"},
    {"by whom and about whom", "GET", "/audit?telegram_id=7", NULL, 200,
        "[" ENTRY("users.update", "user:7") "," ENTRY("devices.create", "device:a") ","
        ENTRY("users.create", "user:7") "]"},
    {"of one kind", "GET", "/audit?telegram_id=7&action=users.update", NULL, 200,
        "[{'before': {'devices_max': 5}, 'after': {'devices_max': 6}}]"},
    {"since", "GET", "/audit?since=2026-01-03T00:00:00Z&action=users.update", NULL, 200,
        "[" ENTRY("users.update", "user:8") "," ENTRY("users.update", "user:7") "]"},
    {"since by whom", "GET", "/audit?since=2026-01-03T02:00:00%2B02:00&telegram_id=7", NULL, 200,
        "[" ENTRY("users.update", "user:7") "]"},
    {"a page", "GET", "/audit?limit=1", NULL, 200, "[" ENTRY("users.block", "user:77") "]"},
    {"of the same moment", "GET", CALL_NEXT, NULL, 200, "[" ENTRY("users.update", "user:8") "]"},
    {"and on", "GET", CALL_NEXT, NULL, 200, "[" ENTRY("users.update", "user:7") "]"},
    {"a page of one's", "GET", "/audit?limit=2&telegram_id=7", NULL, 200,
        "[" ENTRY("users.update", "user:7") "," ENTRY("devices.create", "device:a") "]"},
    {"and the last", "GET", CALL_NEXT, NULL, 200, "[" ENTRY("users.create", "user:7") "]"},
    {"of no kind", "GET", "/audit?action=users.fly", NULL, 200, "[]"},
    {"a place in another list", "GET", "/audit?cursor=AAZDSiIsgAAAAAAAAABAAIAAAAAAAADR", NULL, 200, "[]"},

    {"no number", "GET", "/audit?telegram_id=x", NULL, 422,
        "{'errors': [{'type': 'int_parsing', 'loc': ['query', 'telegram_id']}]}"},
    {"a time without a zone", "GET", "/audit?since=2026-01-03T00:00:00", NULL, 422,
        "{'errors': [{'type': 'time_parsing', 'loc': ['query', 'since']}]}"},
    {"1001", "GET", "/audit?limit=1001", NULL, 422,
        "{'errors': [{'type': 'less_than_equal', 'loc': ['query', 'limit']}]}"},
    {"no cursor of ours", "GET", "/audit?cursor=x", NULL, 422,
        "{'errors': [{'loc': ['query', 'cursor']}]}"},
    {"401", "GET", "/audit", NULL, 401, "{'code': 'token'}", .scopes = "none"},
    {"403", "GET", "/audit", NULL, 403,
        "{'detail': 'Insufficient API token scope, required: audit:read'}", .scopes = "users:rw"},
    {"405", "POST", "/audit", "{}", 405, "{}", "Allow: GET, HEAD"},

    {"people", CALL_SQL, "insert into tg_user (telegram_id, role) values (7, 'user'), (20, 'admin')"},
    {"an admin", "GET", "/audit?telegram_id=8", NULL, 200, "[{}]", .send = "X-Actor-Telegram-Id: 20"},
    {"a user", "GET", "/audit?telegram_id=7", NULL, 403, "{'code': 'rank'}",
        .send = "X-Actor-Telegram-Id: 7"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/audit");
}
