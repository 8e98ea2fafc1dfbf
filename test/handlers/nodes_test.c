#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define N1   "00000000-0000-4000-8000-0000000000e1"
#define NONE "00000000-0000-4000-8000-0000000000ff"

#define T1       "{'role': 'VPS_T', 'name': 't1', 'base_url': 'http://10.1.2.3:8070/', "
#define IPV4     "'public_ipv4': '192.0.2.1'}"
#define URL(url) "{'role': 'VPS_T', 'name': 'x', 'public_ipv4': '192.0.2.1', 'base_url': '" url "'}"
#define IP(ip)   "{'role': 'VPS_T', 'name': 'x', 'base_url': 'http://x', 'public_ipv4': '" ip "'}"

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

#define BAD_URL "{'errors': [{'loc': ['body', 'base_url']}]}"
#define BAD_IP  "{'errors': [{'loc': ['body', 'public_ipv4']}]}"

/* clang-format off */
static const struct call calls[] = {
    {"register", "POST", "/nodes", T1 IPV4, 201,
        "{'role': 'VPS_T', 'name': 't1', 'base_url': 'http://10.1.2.3:8070',"
        " 'public_ipv4': '192.0.2.1', 'fqdn': null, 'proxy_fqdn': null, 'active': true}"},
    {"with a cursor that wants a snapshot", CALL_SQL, "do $$ begin"
        " assert (select want_snapshot and stream_id = 1 from node_cursor); end $$"},
    {"a failing node", CALL_SQL, "update node_cursor set want_snapshot = false, fails = 9,"
        " breaker = 'open', next_attempt_at = now() + interval '1 min'"},
    {"register again", "POST", "/nodes", T1 "'fqdn': 't1.example.net', " IPV4, 200,
        "{'name': 't1', 'fqdn': 't1.example.net'}"},
    {"it is looked at again at once", CALL_SQL, "do $$ begin"
        " assert (select fails = 0 and breaker = 'closed' and not want_snapshot and"
        "   next_attempt_at < now() from node_cursor); end $$"},
    {"another role under the name", "POST", "/nodes", "{'role': 'VPS_E', 'name': 't1',"
        " 'base_url': 'http://e', " IPV4, 409, "{'code': 'node_role'}"},
    {"a known id", CALL_SQL, "with c as (delete from node_cursor returning *),"
        " n as (update node_endpoint set id = '" N1 "' returning id)"
        " select count(*) from c, n"},
    {"and its cursor", CALL_SQL, "insert into node_cursor (node_id, stream_id, want_snapshot)"
        " values ('" N1 "', 1, false)"},

    {"null clears", "PATCH", "/nodes/" N1, "{'fqdn': null}", 200, "{'fqdn': null}"},
    {"absent leaves", "PATCH", "/nodes/" N1, "{'base_url': 'https://t1.example.net'}", 200,
        "{'base_url': 'https://t1.example.net', 'public_ipv4': '192.0.2.1'}"},
    {"an active node stays", "DELETE", "/nodes/" N1, NULL, 409, "{'code': 'node_active'}"},
    {"rest", "PATCH", "/nodes/" N1, "{'active': false}", 200, "{'active': false}"},
    {"come back", "PATCH", "/nodes/" N1, "{'active': true}", 200, "{'active': true}"},
    {"with a snapshot", CALL_SQL, "do $$ begin"
        " assert (select want_snapshot from node_cursor); end $$"},
    {"rest, without a snapshot to come", CALL_SQL, "with n as (update node_endpoint set active = false)"
        " update node_cursor set want_snapshot = false, lease_until = 'infinity'"},
    {"registering brings it back, too", "POST", "/nodes", T1 IPV4, 200, "{'active': true}"},
    {"with a snapshot, and nobody at work on it", CALL_SQL, "do $$ begin"
        " assert (select want_snapshot and lease_until = '-infinity' from node_cursor); end $$"},
    {"its agent moves", "PATCH", "/nodes/" N1, "{'base_url': 'https://t1.example.net'}", 200,
        "{'fqdn': null}"},
    {"patch none", "PATCH", "/nodes/" NONE, "{}", 404, "{'code': 'node_not_found'}"},
    {"null is no address", "PATCH", "/nodes/" N1, "{'public_ipv4': null}", 422, BAD_IP},

    {"18 no address", "POST", "/nodes", IP("0.0.0.0"), 422, BAD_IP},
    {"18 too large", "POST", "/nodes", IP("256.1.1.1"), 422, BAD_IP},
    {"18 octal", "POST", "/nodes", IP("010.1.1.1"), 422, BAD_IP},
    {"18 a port", "POST", "/nodes", IP("192.0.2.1:80"), 422, BAD_IP},
    {"18 IPv6", "POST", "/nodes", IP("2001:db8::1"), 422, BAD_IP},
    {"19 a file", "POST", "/nodes", URL("file:///etc/passwd"), 422, BAD_URL},
    {"19 userinfo", "POST", "/nodes", URL("http://a:b@x"), 422, BAD_URL},
    {"19 a fragment", "POST", "/nodes", URL("http://x/#y"), 422, BAD_URL},
    {"19 not ASCII", "POST", "/nodes", URL("http://\xd0\xbf.example.net"), 422, BAD_URL},

    {"19 a port too high", "POST", "/nodes", URL("http://x:65536"), 422, BAD_URL},
    {"19 no host", "POST", "/nodes", URL("http://."), 422, BAD_URL},
    {"19 too long", "POST", "/nodes", URL("http://x/" X64 X64 X64 X64), 422, BAD_URL},
    {"19 a query", "POST", "/nodes", URL("http://x/?y"), 422, BAD_URL},
    {"an address is no name", "PATCH", "/nodes/" N1, "{'fqdn': '192.0.2.1'}", 422,
        "{'errors': [{'loc': ['body', 'fqdn']}]}"},
    {"nor is a label", "PATCH", "/nodes/" N1, "{'proxy_fqdn': 'localhost'}", 422,
        "{'errors': [{'loc': ['body', 'proxy_fqdn']}]}"},
    {"18 nor changed to one", "PATCH", "/nodes/" N1, "{'public_ipv4': '1.2.3'}", 422, BAD_IP},
    {"the port that is highest", "PATCH", "/nodes/" N1, "{'base_url': 'http://10.1.2.3:65535/a/'}",
        200, "{'base_url': 'http://10.1.2.3:65535/a'}"},

    {"oldest first", "GET", "/nodes", NULL, 200, "[{'id': '" N1 "'}]"},
    {"rest again", "PATCH", "/nodes/" N1, "{'active': false}", 200, "{'active': false}"},
    {"what it has refused", CALL_SQL, "insert into delivery_dead (node_id, aggregate_id, ver, state)"
        " values ('" N1 "', 'a', 1, 'dead'), ('" N1 "', 'a', 2, 'superseded'),"
        " ('" NONE "', 'a', 1, 'dead')"},
    {"delete", "DELETE", "/nodes/" N1, NULL, 204, NULL},
    {"ends with it", CALL_SQL, "do $$ begin"
        " assert (select array_agg(concat_ws(' ', state, reason) order by id)"
        "   from delivery_dead) = array['discarded the node was deleted', 'superseded', 'dead'];"
        " end $$"},
    {"delete again", "DELETE", "/nodes/" N1, NULL, 404, "{'code': 'node_not_found'}"},
    {"nothing left", CALL_SQL, "do $$ begin"
        " assert (select count(*) from node_cursor) = 0;"
        " assert (select count(*) from audit_log where action = 'nodes.create') = 1;"
        " assert (select count(*) from audit_log where action = 'nodes.update') = 9;"
        " assert (select count(*) from audit_log where action = 'nodes.delete') = 1; end $$"},
    {"of a change, what it changed", CALL_SQL, "do $$ begin"
        " assert (select array_agg(before || after order by id) from audit_log"
        "   where action = 'nodes.update') @> array['{\"active\": true}',"
        "   '{\"fqdn\": null}', '{\"fqdn\": \"t1.example.net\"}']::jsonb[];"
        " assert (select count(*) from audit_log where before ? 'name' or after ? 'name') = 0;"
        " assert (select after from audit_log where action = 'nodes.delete') is null;"
        " assert (select before ->> 'active' from audit_log where action = 'nodes.delete')"
        "   = 'false'; end $$"},
    {"403 reading", "GET", "/nodes", NULL, 403, "{'code': 'scope'}", .scopes = "nodes:write"},
    {"403 writing", "POST", "/nodes", T1 IPV4, 403, "{'code': 'scope'}", .scopes = "nodes:read"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/nodes");
}
