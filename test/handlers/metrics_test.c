#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

static const struct call calls[] = {
    {"needs a scope", "GET", "/metrics", NULL, 403, "{'code': 'scope'}", .scopes = "users:read"},
    {"no such part", "GET", "/metrics?part=x", NULL, 422,
        "{'errors': [{'type': 'enum', 'loc': ['query', 'part']}]}"},
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
