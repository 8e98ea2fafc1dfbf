#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define NODE "00000000-0000-4000-8000-0000000000e1"

static const struct call calls[] = {
    {"no node is no fault", "GET", "/dispatch/nodes", NULL, 200, "[]"},
    {"a node", CALL_SQL,
        "insert into node_endpoint (id, name, role, base_url, public_ipv4, active, created_at,"
        " updated_at) values ('" NODE
        "', 'tokyo', 'VPS_T', 'http://127.0.0.1:9', '192.0.2.1', true, now(), now())"},
    {"a place in the log", CALL_SQL,
        "insert into node_cursor (node_id, stream_id) values ('" NODE "', 1)"},
    {"how far it is", "GET", "/dispatch/nodes", NULL, 200,
        "[{'node_id': '" NODE "', 'name': 'tokyo', 'role': 'VPS_T', 'active': true,"
        " 'paused': false, 'behind_events': 0, 'dead': 0, 'converged': {}, 'last_seen': null}]"},
    {"no such role", "POST", "/dispatch/reapply-base", "{'role': 'VPS_X'}", 422,
        "{'code': 'input'}"},
    {"no folder of bundles", "POST", "/dispatch/reapply-base", "{'role': 'VPS_E'}", 409,
        "{'code': 'bundle'}"},
    {"of no role at all", "POST", "/dispatch/reapply-base", "{}", 409, "{'code': 'bundle'}"},
    {"reading is not enough", "POST", "/dispatch/reapply-base", "{}", 403, "{}",
        .scopes = "dispatch:read"},
};

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/dispatch");
}
