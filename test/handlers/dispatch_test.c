#include <stdlib.h>

#include "base/fs.h"
#include "harness/call.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "harness/scopes.h"
#include "harness/scratch.h"

#define NODE "00000000-0000-4000-8000-0000000000e1"

#define EVENT(ver)                                                                                 \
    "{'gen': null, 'event_type': 'APPLY_BUNDLE', 'role_target': 'VPS_T',"                          \
    " 'aggregate_id': 'base-vps-t', 'ver': " #ver ", 'status': 'pending',"                         \
    " 'idempotency_key': 'APPLY_BUNDLE:VPS_T:base-vps-t:" #ver "', 'request_id': 'test-1'}"

/* clang-format off */
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
        " 'paused': false, 'pause_reason': null, 'in_sync': null, 'digest_at': null,"
        " 'behind_events': 0, 'behind_seconds': 0, 'converged': {}, 'dead': 0,"
        " 'breaker': 'closed', 'newer_there': null, 'only_there': null, 'only_here': null,"
        " 'last_seen': null, 'last_error': null, 'agent_version': null, 'components': null}]"},

    {"no such role", "POST", "/dispatch/reapply-base", "{'role': 'VPS_X'}", 422,
        "{'errors': [{'type': 'enum', 'loc': ['body', 'role']}]}"},
    {"no bundle", "POST", "/dispatch/reapply-base", "{'role': 'VPS_E'}", 409,
        "{'code': 'bundle'}"},
    {"the base of every role that has one", "POST", "/dispatch/reapply-base", "{}", 200,
        "[" EVENT(1) "]"},
    {"of one role", "POST", "/dispatch/reapply-base", "{'role': 'VPS_T'}", 200, "[" EVENT(2) "]"},
    {"asked for once more", "POST", "/dispatch/reapply-base", "{'role': 'VPS_T'}", 200,
        "[" EVENT(3) "]", .send = "Idempotency-Key: once"},
    {"and the same again", "POST", "/dispatch/reapply-base", "{'role': 'VPS_T'}", 200,
        "[" EVENT(3) "]", "Idempotency-Replayed: true", .send = "Idempotency-Key: once"},
    {"files are kept as they were", CALL_SQL, "do $$ begin"
        " assert (select files = '{\"xray.json\": \"{}\"}' and ver = 3 and role = 'VPS_T'"
        "   and digest = encode(sha256('xray.json\n2\n{}'), 'hex') from bundle); end $$"},
    {"every change is in the log of changes and in that of people", CALL_SQL, "do $$ begin"
        " assert (select count(*) from outbox_event where component = 'bundle' and not revokes) = 3;"
        " assert (select count(*) from audit_log where action = 'dispatch.reapply_base'"
        "   and subject = 'bundle:base-vps-t') = 3; end $$"},

    {"what has no number yet is behind", "GET", "/dispatch/nodes", NULL, 200,
        "[{'behind_events': 3}]"},
    {"numbered, and one of them taken", CALL_SQL, "with e as (update outbox_event set gen = ver,"
        " created_at = now() - interval '10 s' where created_at is not null returning 1),"
        " s as (update outbox_stream set gen = 3 where stream_id = 1 returning 1)"
        " update node_cursor set acked_gen = 1, converged = '{\"xray\": 3, \"bundle\": 1}',"
        " in_sync = false, newer_there = 0, only_here = 2"},
    {"two events, and what died of it", CALL_SQL, "insert into delivery_dead (node_id, aggregate_id,"
        " ver, state) values ('" NODE "', 'a', 1, 'dead'), ('" NODE "', 'a', 2, 'superseded')"},
    {"is behind by the rest", "GET", "/dispatch/nodes", NULL, 200,
        "[{'behind_events': 2, 'converged': {'xray': 0, 'bundle': 2}, 'dead': 1,"
        " 'in_sync': false, 'newer_there': 0, 'only_there': null, 'only_here': 2}]"},

    {"reading is not enough", "POST", "/dispatch/reapply-base", "{}", 403, "{'code': 'scope'}",
        .scopes = "dispatch:read"},
    {"writing is not reading", "GET", "/dispatch/nodes", NULL, 403, "{'code': 'scope'}",
        .scopes = "dispatch:write"},
};

/* The same app where the bundles are as they lie in the tree. */
static const struct call raw_calls[] = {
    {"a bundle that was not rendered", "POST", "/dispatch/reapply-base", "{'role': 'VPS_T'}", 409,
        "{'code': 'bundle', 'detail': 'xray.json still holds @@'}"},
    {"changes nothing", CALL_SQL, "do $$ begin"
        " assert (select count(*) from bundle) = 1;"
        " assert (select ver from bundle) = 3;"
        " assert (select count(*) from outbox_event) = 3; end $$"},
};
/* clang-format on */

static void
make_bundle(struct arena *arena, const char *root)
{
    const char *folder = arena_printf(arena, "%s/base-vps-t", root);
    struct err err;

    CHECK(fs_make_dir(folder, 0700, &err));
    CHECK(fs_replace(arena_printf(arena, "%s/xray.json", folder), "{}", 2, 0600, &err));
}

int
main(void)
{
    char root[] = SCRATCH;
    struct arena arena = {0};
    struct settings settings;
    struct db db;

    CHECK(mkdtemp(root) != NULL);
    make_bundle(&arena, root);
    database_init(&db);
    fixture_settings(&settings);
    settings.bundle_root = root;
    run_calls_under(&handler_app, calls, COUNT(calls), &settings, &db);
    settings.bundle_root = "bundles";
    run_calls_under(&handler_app, raw_calls, COUNT(raw_calls), &settings, &db);
    db_free(&db);
    run_scopes(&handler_app);
    scratch_remove(root);
    arena_reset(&arena);
    return check_report("handlers/dispatch");
}
