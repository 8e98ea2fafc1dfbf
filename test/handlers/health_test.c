#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

static const struct call calls[] = {
    {"alive", "GET", "/health", NULL, 200, "{'status': 'ok'}", .scopes = "none"},
    {"HEAD", "HEAD", "/health", NULL, 200, "{}", .scopes = "none"},
    {"only that", "POST", "/health", NULL, 405, "{'code': 'method_not_allowed'}",
        "Allow: GET, HEAD"},
    {"nothing below", "GET", "/health/x", NULL, 404, "{'code': 'not_found'}"},
};

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/health");
}
