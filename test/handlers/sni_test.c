#include "harness/call.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "harness/scopes.h"

/* clang-format off */
static const struct call calls[] = {
    {"enabled ones, by name", "GET", "/sni", NULL, 200,
        "[{'fqdn': 'www.one.net', 'enabled': true}, {'fqdn': 'www.three.net'}]"},
    {"all", "GET", "/sni?enabled_only=false", NULL, 200,
        "[{'fqdn': 'off.two.net', 'enabled': false}, {'id': 1}, {'id': 3, 'providers': ['mts']}]"},
    {"of an operator", "GET", "/sni?provider=mts", NULL, 200, "[{'id': 3}]"},
    {"of nobody", "GET", "/sni?provider=unheard", NULL, 200, "[]"},
    {"unknown", "GET", "/sni?provider=unknown", NULL, 200, "[{'id': 1}]"},
    {"neither", "GET", "/sni?enabled_only=x", NULL, 422,
        "{'errors': [{'type': 'bool_parsing', 'loc': ['query', 'enabled_only']}]}"},
    {"of none", "GET", "/sni?provider=other", NULL, 200, "[{'id': 1, 'providers': []}]"},
    {"a purpose without a policy", "GET", "/sni?purpose=reality", NULL, 200, "[{'id': 1}, {'id': 3}]"},
    {"403", "GET", "/sni", NULL, 403, "{'code': 'scope'}", .scopes = "users:rw"},
};
/* clang-format on */

/* Where only names below three.net may be used. */
static const struct call policy_calls[] = {
    {"what the policy allows", "GET", "/sni?purpose=vless_reality&enabled_only=0", NULL, 200,
        "[{'id': 3}]"},
    {"for VLESS", "GET", "/sni?purpose=vless", NULL, 200, "[{'id': 3}]"},
    {"by any name", "GET", "/sni?purpose=reality&provider=none", NULL, 200, "[]"},
    {"another purpose has no policy", "GET", "/sni?purpose=mail", NULL, 200,
        "[{'id': 1}, {'id': 3}]"},
    {"nor has none", "GET", "/sni", NULL, 200, "[{'id': 1}, {'id': 3}]"},
};

static void
run_policy_calls(void)
{
    static const char *const suffixes[] = {"three.net"};
    struct settings settings;
    struct db db;

    database_init(&db);
    fixture_settings(&settings);
    settings.reality_sni_allow_suffixes = (struct list){suffixes, COUNT(suffixes)};
    run_calls_under(&handler_app, policy_calls, COUNT(policy_calls), &settings, &db);
    db_free(&db);
}

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_policy_calls();
    run_scopes(&handler_app);
    return check_report("handlers/sni");
}
