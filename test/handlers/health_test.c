#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

static const struct call calls[] = {
    {"alive", "GET", "/health", NULL, 200, "{'status': 'ok'}", .scopes = "none"},
    {"HEAD", "HEAD", "/health", NULL, 200, "{}", .scopes = "none"},
    {"only that", "POST", "/health", NULL, 405, "{'code': 'method_not_allowed'}",
        "Allow: GET, HEAD"},
    {"nothing below", "GET", "/health/x", NULL, 404, "{'code': 'not_found'}"},
    {"migrations never ran", "GET", "/health/ready", NULL, 503, "{'status': 'unready'}",
        .scopes = "none"},
    {"they began", CALL_SQL, "create table schema_migration (version integer primary key)"},
    {"not far enough", "GET", "/health/ready", NULL, 503,
        "{'status': 'unready', 'database': 'ok', 'migration': 'behind'}"},
    {"they ended", CALL_SQL, "insert into schema_migration values (100000)"},
    {"ready", "GET", "/health/ready", NULL, 200,
        "{'status': 'ok', 'database': 'ok', 'migration': 'ok', 'outbox_oldest_seconds': 0}"},
};

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/health");
}
