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

#define T1   "00000000-0000-4000-8000-0000000000b1"
#define T2   "00000000-0000-4000-8000-0000000000b2"
#define E1   "00000000-0000-4000-8000-0000000000b3"
#define C1   "00000000-0000-4000-8000-000000000001"
#define NONE "00000000-0000-4000-8000-0000000000ff"

#define SET_NODES(what) "update node_cursor set " what
#define LOG(id, gen, type, key, ver, when)                                                         \
    "(" #id ", 1, " #gen ", '" type "', 'xray', '" key "', " #ver ", '" type ":VPS_T:" key ":" #ver \
    "', " when ")"

/* What operators see of the log: two nodes of VPS_T, of which one is behind, and one of VPS_E. */
static const struct call view_calls[] = {
    {"no events", "GET", "/dispatch/events", NULL, 200, "[]"},
    {"nodes", CALL_SQL,
        "insert into node_endpoint (id, name, role, base_url, public_ipv4, active) values"
        " ('" T1 "', 't1', 'VPS_T', 'http://127.0.0.1:9', '192.0.2.1', true),"
        " ('" T2 "', 't2', 'VPS_T', 'http://127.0.0.1:9', '192.0.2.2', true),"
        " ('" E1 "', 'e1', 'VPS_E', 'http://127.0.0.1:9', '192.0.2.3', true)"},
    {"and how far they are", CALL_SQL,
        "insert into node_cursor (node_id, stream_id, acked_gen, converged, fails, last_error,"
        " next_attempt_at) values ('" T1 "', 1, 3, '{\"xray\": 2}', 0, null, '-infinity'),"
        " ('" T2 "', 1, 1, '{\"xray\": 1}', 4, 'status 500', '2099-01-01T00:00:00Z'),"
        " ('" E1 "', 2, 0, '{}', 0, null, '-infinity')"},
    {"a log", CALL_SQL,
        "insert into outbox_event (id, stream_id, gen, event_type, component, aggregate_id, ver,"
        " idempotency_key, created_at) overriding system value values "
        LOG(1, 1, "UPSERT_USER", C1, 1, "now() - interval '3 h'") ", "
        LOG(2, 2, "APPLY_BUNDLE", "base-vps-t", 1, "now() - interval '2 h'") ", "
        LOG(3, 3, "UPSERT_USER", C1, 2, "now() - interval '1 h'") ", "
        LOG(4, null, "REVOKE_CONNECTION", C1, 3, "now()")},
    {"and what was refused", CALL_SQL, "insert into delivery_dead (id, node_id, gen, event_type,"
        " aggregate_id, ver, code, detail, attempts, state, created_at) overriding system value"
        " values (1, '" T2 "', 1, 'UPSERT_USER', '" C1 "', 1, 'bad_id', 'not a UUID', 2, 'dead',"
        " now() - interval '2 h'),"
        " (2, '" T1 "', 2, 'APPLY_BUNDLE', 'base-vps-t', 1, 'no_component', 'x', 1, 'dead',"
        " now() - interval '1 h'), (3, '" T1 "', 1, null, 'old', 1, null, null, 1, 'superseded',"
        " now())"},

    {"newest first", "GET", "/dispatch/events", NULL, 200,
        "[{'id': 4, 'gen': null, 'event_type': 'REVOKE_CONNECTION', 'role_target': 'VPS_T',"
        " 'aggregate_id': '" C1 "', 'ver': 3, 'status': 'pending', 'request_id': null,"
        " 'idempotency_key': 'REVOKE_CONNECTION:VPS_T:" C1 ":3'},"
        " {'id': 3, 'gen': 3, 'status': 'pending'}, {'id': 2, 'status': 'failed'},"
        " {'id': 1, 'status': 'failed'}]"},
    {"of a type", "GET", "/dispatch/events?event_type=UPSERT_USER", NULL, 200,
        "[{'id': 3}, {'id': 1}]"},
    {"of no type", "GET", "/dispatch/events?event_type=x", NULL, 422,
        "{'errors': [{'type': 'enum', 'loc': ['query', 'event_type']}]}"},
    {"of an aggregate", "GET", "/dispatch/events?aggregate_id=base-vps-t", NULL, 200, "[{'id': 2}]"},
    {"of both", "GET", "/dispatch/events?aggregate_id=" C1 "&event_type=UPSERT_USER", NULL, 200,
        "[{'id': 3}, {'id': 1}]"},
    {"since never", "GET", "/dispatch/events?since=2099-01-01T00:00:00Z", NULL, 200, "[]"},
    {"since long ago", "GET", "/dispatch/events?since=2020-01-01T00:00:00Z&limit=2", NULL, 200,
        "[{'id': 4}, {'id': 3}]"},
    {"the next page", "GET", CALL_NEXT, NULL, 200, "[{'id': 2}, {'id': 1}]"},
    {"a page of an aggregate", "GET", "/dispatch/events?limit=1&aggregate_id=" C1, NULL, 200,
        "[{'id': 4}]"},
    {"and the next", "GET", CALL_NEXT, NULL, 200, "[{'id': 3}]"},
    {"a naive time", "GET", "/dispatch/events?since=2020-01-01T00:00:00", NULL, 422,
        "{'errors': [{'type': 'time_parsing', 'loc': ['query', 'since']}]}"},

    {"one event", "GET", "/dispatch/events/3", NULL, 200,
        "{'id': 3, 'status': 'pending', 'payload': null, 'nodes': ["
        "{'outbox_event_id': 3, 'node_id': '" T1 "', 'node_name': 't1', 'ver': 2,"
        " 'event_type': 'UPSERT_USER', 'aggregate_id': '" C1 "', 'status': 'sent',"
        " 'applied': false, 'attempts': 1, 'next_attempt_at': null, 'last_error': null},"
        " {'node_id': '" T2 "', 'status': 'failed', 'applied': false, 'attempts': 4,"
        " 'next_attempt_at': '2099-01-01T00:00:00Z', 'last_error': 'status 500'}]}"},
    {"a dead one", "GET", "/dispatch/events/1", NULL, 200,
        "{'id': 1, 'status': 'failed', 'nodes': [{'status': 'sent', 'applied': true},"
        " {'status': 'dead', 'applied': false, 'attempts': 2, 'next_attempt_at': null,"
        " 'last_error': 'bad_id: not a UUID'}]}"},
    {"no such event", "GET", "/dispatch/events/9", NULL, 404,
        "{'code': 'event_not_found', 'detail': 'Event not found'}"},
    {"nor is this a number", "GET", "/dispatch/events/x", NULL, 422,
        "{'errors': [{'type': 'int_parsing', 'loc': ['path', 'id']}]}"},

    {"nothing to send", "GET", "/dispatch/events/3?payload=1", NULL, 200, "{'payload': null}"},
    {"a user", CALL_SQL, "with u as (insert into tg_user (telegram_id) values (7)),"
        " d as (insert into device (id, user_id, name) values ('" T1 "', 7, 'phone'))"
        " insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name,"
        " custom_overrides_json, status, ver) values ('" C1 "', 7, '" T1 "', 'vless_reality',"
        " 'direct', 'B1', 'p', '{}', 'active', 4)"},
    {"with a secret", CALL_SQL, "insert into connection_revision (id, connection_id, slot, status,"
        " credential_key, effective_config_json) values ('" T2 "', '" C1 "', 0, 'active', 'key',"
        " '{\"uuid\": \"a\", \"flow\": \"xtls-rprx-vision\", \"sni\": \"www.one.net\"}')"},
    {"what would be sent now", "GET", "/dispatch/events/3?payload=1", NULL, 200,
        "{'payload': {'connection_id': '" C1 "', 'protocol': 'vless_reality', 'mode': 'direct',"
        " 'variant': 'B1', 'credentials': [{'revision_id': '" T2 "', 'slot': 0, 'uuid': '***',"
        " 'credential_key': '***', 'flow': 'xtls-rprx-vision', 'sni': 'www.one.net'}]}}"},
    {"a bundle", CALL_SQL, "with e as (update outbox_event set component = 'bundle'"
        " where event_type = 'APPLY_BUNDLE' and created_at is not null)"
        " insert into bundle (name, role, ver, files, digest) values ('base-vps-t', 'VPS_T', 1,"
        " '{\"xray.json\": \"{}\", \"a\": {\"encoding\": \"base64\", \"content\": \"x\"}}', 'd')"},
    {"files have secrets", "GET", "/dispatch/events/2?payload=true", NULL, 200,
        "{'payload': {'bundle_name': 'base-vps-t', 'digest': 'd', 'files': {'xray.json': '***',"
        " 'a': {'encoding': '***', 'content': '***'}}}}"},

    {"of nothing", "GET", "/dispatch/deliveries", NULL, 422,
        "{'code': 'input', 'detail': 'node_id or aggregate_id is required',"
        " 'errors': [{'type': 'missing', 'loc': ['query', 'node_id'], 'input': null,"
        " 'msg': 'node_id or aggregate_id is required'}]}"},
    {"to a node", "GET", "/dispatch/deliveries?node_id=" T1, NULL, 200,
        "[{'outbox_event_id': 4, 'status': 'pending', 'attempts': 0}, {'outbox_event_id': 3,"
        " 'status': 'sent', 'applied': false}, {'outbox_event_id': 2, 'status': 'dead'},"
        " {'outbox_event_id': 1, 'status': 'sent', 'applied': true}]"},
    {"a page of it", "GET", "/dispatch/deliveries?limit=1&node_id=" T1, NULL, 200,
        "[{'outbox_event_id': 4}]"},
    {"the second", "GET", CALL_NEXT, NULL, 200, "[{'outbox_event_id': 3}]"},
    {"the third", "GET", CALL_NEXT, NULL, 200, "[{'outbox_event_id': 2}]"},
    {"and the last", "GET", CALL_NEXT, NULL, 200, "[{'outbox_event_id': 1}]"},
    {"sent", "GET", "/dispatch/deliveries?status=sent&node_id=" T1, NULL, 200,
        "[{'outbox_event_id': 3}, {'outbox_event_id': 1}]"},
    {"dead", "GET", "/dispatch/deliveries?status=dead&node_id=" T1, NULL, 200,
        "[{'outbox_event_id': 2, 'last_error': 'no_component: x'}]"},
    {"pending", "GET", "/dispatch/deliveries?status=pending&node_id=" T1, NULL, 200,
        "[{'outbox_event_id': 4}]"},
    {"not failed", "GET", "/dispatch/deliveries?status=failed&node_id=" T1, NULL, 200, "[]"},
    {"failed", "GET", "/dispatch/deliveries?status=failed&node_id=" T2, NULL, 200,
        "[{'outbox_event_id': 4}, {'outbox_event_id': 3}, {'outbox_event_id': 2}]"},
    {"to no node", "GET", "/dispatch/deliveries?node_id=" NONE, NULL, 200, "[]"},
    {"of an aggregate", "GET", "/dispatch/deliveries?limit=3&aggregate_id=" C1, NULL, 200,
        "[{'outbox_event_id': 4, 'node_name': 't1'}, {'outbox_event_id': 4, 'node_name': 't2'},"
        " {'outbox_event_id': 3, 'node_name': 't1'}]"},
    {"its next page", "GET", CALL_NEXT, NULL, 200,
        "[{'outbox_event_id': 3, 'node_name': 't2'}, {'outbox_event_id': 1, 'node_name': 't1'},"
        " {'outbox_event_id': 1, 'node_name': 't2'}]"},
    {"of both", "GET", "/dispatch/deliveries?status=dead&node_id=" T2 "&aggregate_id=" C1, NULL, 200,
        "[{'outbox_event_id': 1}]"},
    {"no status", "GET", "/dispatch/deliveries?status=x&node_id=" T1, NULL, 422,
        "{'errors': [{'type': 'enum', 'loc': ['query', 'status']}]}"},

    {"open dead letters", "GET", "/dispatch/dead", NULL, 200,
        "[{'id': 2, 'node_id': '" T1 "', 'node_name': 't1', 'event_type': 'APPLY_BUNDLE',"
        " 'aggregate_id': 'base-vps-t', 'ver': 1, 'code': 'no_component', 'detail': 'x',"
        " 'attempts': 1, 'state': 'dead', 'reason': null, 'resolved_at': null,"
        " 'resolved_by': null}, {'id': 1}]"},
    {"the first page", "GET", "/dispatch/dead?limit=1", NULL, 200, "[{'id': 2}]"},
    {"the second page", "GET", CALL_NEXT, NULL, 200, "[{'id': 1}]"},
    {"of a node", "GET", "/dispatch/dead?node_id=" T2, NULL, 200, "[{'id': 1}]"},
    {"of a key", "GET", "/dispatch/dead?aggregate_id=base-vps-t", NULL, 200, "[{'id': 2}]"},
    {"of a kind", "GET", "/dispatch/dead?code=bad_id&node_id=" T2, NULL, 200, "[{'id': 1}]"},
    {"of another", "GET", "/dispatch/dead?code=x", NULL, 200, "[]"},

    {"why", "POST", "/dispatch/dead/1/discard", "{}", 422,
        "{'errors': [{'type': 'missing', 'loc': ['body', 'reason']}]}"},
    {"discard none", "POST", "/dispatch/dead/9/discard", "{'reason': 'x'}", 404,
        "{'code': 'dead_not_found'}"},
    {"discard", "POST", "/dispatch/dead/1/discard", "{'reason': 'known'}", 200,
        "{'id': 1, 'state': 'discarded', 'reason': 'known'}"},
    {"once", "POST", "/dispatch/dead/1/discard", "{'reason': 'x'}", 409, "{'code': 'dead_resolved'}"},
    {"what was superseded", "POST", "/dispatch/dead/3/discard", "{'reason': 'x'}", 409,
        "{'code': 'dead_resolved'}"},
    {"it is gone", "GET", "/dispatch/dead", NULL, 200, "[{'id': 2}]"},
    {"and its event has failed nowhere", "GET", "/dispatch/events/1", NULL, 200,
        "{'status': 'sent'}"},

    {"pause", "POST", "/dispatch/nodes/" T1 "/pause", NULL, 202,
        "{'node_id': '" T1 "', 'paused': true, 'pause_reason': 'asked for by an operator'}"},
    {"the dispatcher's reason", CALL_SQL, SET_NODES("pause_reason = 'epoch' where paused")},
    {"stays", "POST", "/dispatch/nodes/" T1 "/pause", NULL, 202, "{'pause_reason': 'epoch'}"},
    {"resume", "POST", "/dispatch/nodes/" T1 "/resume", NULL, 202,
        "{'paused': false, 'pause_reason': null}"},
    {"no snapshot to come", CALL_SQL, SET_NODES("want_snapshot = false")},
    {"resync", "POST", "/dispatch/nodes/" T1 "/resync", NULL, 202, "{'name': 't1'}"},
    {"that one alone", CALL_SQL, "do $$ begin"
        " assert (select array_agg(node_id::text) from node_cursor where want_snapshot)"
        "   = array['" T1 "']; end $$"},
    {"resync none", "POST", "/dispatch/nodes/" NONE "/resync", NULL, 404,
        "{'code': 'node_not_found'}"},
    {"pause none", "POST", "/dispatch/nodes/" NONE "/pause", NULL, 404,
        "{'code': 'node_not_found'}"},
    {"resume none", "POST", "/dispatch/nodes/" NONE "/resume", NULL, 404,
        "{'code': 'node_not_found'}"},
    {"each is on record", CALL_SQL, "do $$ begin"
        " assert (select array_agg(action order by id) from audit_log) = array['dispatch.discard',"
        "   'dispatch.pause', 'dispatch.pause', 'dispatch.resume', 'dispatch.resync'];"
        " assert (select after from audit_log where subject = 'dead:1')"
        "   = '{\"state\": \"discarded\"}'; end $$"},
    {"reissue all", "POST", "/dispatch/reissue-current-revisions", "{}", 202, "{'events': 1}",
        .send = "Idempotency-Key: again"},
    {"the same run", "POST", "/dispatch/reissue-current-revisions", "{}", 202, "{'events': 1}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: again"},
    {"another run", "POST", "/dispatch/reissue-current-revisions",
        "{'user_id': '7', 'node_id': '" T1 "', 'rebuild': false}", 202, "{'events': 1}"},
    {"are two events", "GET", "/dispatch/events?limit=2", NULL, 200,
        "[{'event_type': 'UPSERT_USER', 'aggregate_id': '" C1 "', 'ver': 6, 'request_id': 'test-1'},"
        " {'event_type': 'UPSERT_USER', 'ver': 5}]"},
    {"nothing is the entry's", "POST", "/dispatch/reissue-current-revisions",
        "{'node_id': '" E1 "'}", 202, "{'events': 0}"},
    {"reissue nobody's", "POST", "/dispatch/reissue-current-revisions", "{'user_id': 9}", 404,
        "{'code': 'user_not_found'}"},
    {"nor no node's", "POST", "/dispatch/reissue-current-revisions", "{'node_id': '" NONE "'}", 404,
        "{'code': 'node_not_found'}"},
    {"people", CALL_SQL,
        "insert into tg_user (telegram_id, role) values (20, 'admin'), (30, 'superadmin')"},
    {"nor by an admin a superadmin's", "POST", "/dispatch/reissue-current-revisions",
        "{'user_id': 30}", 404, "{'code': 'user_not_found'}", .send = "X-Actor-Telegram-Id: 20"},
    {"an admin's own may be", "POST", "/dispatch/reissue-current-revisions", "{'user_id': 20}", 202,
        "{'events': 0}", .send = "X-Actor-Telegram-Id: 20"},
    {"who has connections is one, too", CALL_SQL,
        "update tg_user set role = 'superadmin' where telegram_id = 7"},
    {"his are not among an admin's all", "POST", "/dispatch/reissue-current-revisions", "{}", 202,
        "{'events': 0}", .send = "X-Actor-Telegram-Id: 20"},
    {"nor among those of a node", "POST", "/dispatch/reissue-current-revisions",
        "{'node_id': '" T1 "'}", 202, "{'events': 0}", .send = "X-Actor-Telegram-Id: 20"},
    {"nor among another superadmin's", "POST", "/dispatch/reissue-current-revisions", "{}", 202,
        "{'events': 0}", .send = "X-Actor-Telegram-Id: 30"},
    {"but among his own", "POST", "/dispatch/reissue-current-revisions", "{}", 202,
        "{'events': 1}", .send = "X-Actor-Telegram-Id: 7"},
    {"he is a user again", CALL_SQL, "update tg_user set role = 'user' where telegram_id = 7"},
    {"whom an admin reaches", "POST", "/dispatch/reissue-current-revisions", "{}", 202,
        "{'events': 1}", .send = "X-Actor-Telegram-Id: 20"},
    {"nor a word's", "POST", "/dispatch/reissue-current-revisions", "{'user_id': 'x'}", 422,
        "{'errors': [{'type': 'int_parsing', 'loc': ['body', 'user_id']}]}"},
    {"no node is active", CALL_SQL, "update node_endpoint set active = false"},
    {"so there is nothing to rebuild from", "POST", "/dispatch/reissue-current-revisions", "{}", 409,
        "{'code': 'no_endpoint', 'detail': 'No usable endpoint for VPS_T'}"},
    {"reading does not reissue", "POST", "/dispatch/reissue-current-revisions", "{}", 403,
        "{'code': 'scope'}", .scopes = "dispatch:read"},
    {"discarding needs a scope", "POST", "/dispatch/dead/2/discard", "{'reason': 'x'}", 403,
        "{'code': 'scope'}", .scopes = "dispatch:read"},
    {"so does looking", "GET", "/dispatch/events", NULL, 403, "{'code': 'scope'}",
        .scopes = "nodes:rw"},
};

/* After that, without REALITY's keys. */
static const struct call keyless_calls[] = {
    {"a node again", CALL_SQL, "update node_endpoint set active = true"},
    {"no key for the new link", "POST", "/dispatch/reissue-current-revisions", "{}", 409,
        "{'code': 'reality_keys', 'detail': 'REALITY keys are not configured'}"},
    {"the old one can be sent again", "POST", "/dispatch/reissue-current-revisions",
        "{'rebuild': false}", 202, "{'events': 1}"},
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
    database_init(&db);
    fixture_settings(&settings);
    run_calls_under(&handler_app, view_calls, COUNT(view_calls), &settings, &db);
    settings.reality_public_key = "";
    run_calls_under(&handler_app, keyless_calls, COUNT(keyless_calls), &settings, &db);
    db_free(&db);
    run_scopes(&handler_app);
    scratch_remove(root);
    arena_reset(&arena);
    return check_report("handlers/dispatch");
}
