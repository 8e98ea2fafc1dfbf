#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

/* clang-format off */
static const struct call calls[] = {
    {"enabled ones, by name", "GET", "/sni", NULL, 200,
        "[{'fqdn': 'www.one.net', 'enabled': true}, {'fqdn': 'www.three.net'}]"},
    {"all", "GET", "/sni?enabled_only=false", NULL, 200,
        "[{'fqdn': 'off.two.net', 'enabled': false}, {'id': 1}, {'id': 3, 'providers': ['mts']}]"},
    {"of an operator", "GET", "/sni?provider=mts", NULL, 200, "[{'id': 3}]"},
    {"of none", "GET", "/sni?provider=other", NULL, 200, "[{'id': 1, 'providers': []}]"},
    {"a purpose without a policy", "GET", "/sni?purpose=reality", NULL, 200, "[{'id': 1}, {'id': 3}]"},
    {"403", "GET", "/sni", NULL, 403, "{'code': 'scope'}", .scopes = "users:rw"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/sni");
}
