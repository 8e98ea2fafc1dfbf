#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

static const struct call calls[] = {
    {"needs a scope", "GET", "/metrics", NULL, 403, "{'code': 'scope'}", .scopes = "users:read"},
    {"no such part", "GET", "/metrics?part=x", NULL, 422,
        "{'errors': [{'type': 'enum', 'loc': ['query', 'part']}]}"},
    {"nobody to ask yet", "GET", "/metrics/targets", NULL, 200, "[]"},
    {"the targets need a scope", "GET", "/metrics/targets", NULL, 403, "{'code': 'scope'}",
        .scopes = "nodes:read"},
    {"people", CALL_SQL,
        "insert into tg_user (telegram_id, role) values (9, 'user'), (20, 'admin')"},
    {"the names of nodes are not for everybody", "GET", "/metrics/targets", NULL, 403,
        "{'code': 'rank', 'detail': 'Admin role required'}", .send = "X-Actor-Telegram-Id: 9"},
    {"nor is what they do", "GET", "/metrics", NULL, 403, "{'code': 'rank'}",
        .send = "X-Actor-Telegram-Id: 9"},
    {"an admin may ask", "GET", "/metrics/targets", NULL, 200, "[]",
        .send = "X-Actor-Telegram-Id: 20"},
    {"only read", "POST", "/metrics", NULL, 405, "{'code': 'method_not_allowed'}",
        "Allow: GET, HEAD"},
};

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/metrics");
}
