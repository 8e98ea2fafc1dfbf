#include "harness/call.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "harness/scopes.h"

#define ADA    "{'telegram_id': 7, 'role': 'user', 'devices_max': 3, 'telegram_username': null}"
#define ID(id) "{'telegram_id': " #id "}"

/* HMAC-SHA256 of "user:8" under the fixture's secret. */
#define PID_8 "2b547f724809997716dc"

#define FAULT(type, source, field) "{'type': '" type "', 'loc': ['" source "', '" field "']}"

#define READ_ONLY                                                                                  \
    "{'code': 'scope', 'detail': 'Insufficient API token scope, required: users:write'}"
#define NOT_FOUND "{'code': 'user_not_found', 'detail': 'User not found'}"

/* clang-format off */
static const struct call calls[] = {
    {"nobody there yet", "GET", "/users/7", NULL, 404,
        "{'type': 'about:blank', 'title': 'Not Found', 'status': 404, 'code': 'user_not_found',"
        " 'detail': 'User not found', 'request_id': 'test-1'}"},
    {"create", "POST", "/users", "{'telegram_id': 7, 'devices_max': 3}", 201,
        "{'telegram_id': 7, 'telegram_username': null, 'telegram_first_name': null,"
        " 'telegram_last_name': null, 'role': 'user', 'devices_max': 3,"
        " 'entitlement_status': 'active', 'grace_ends_at': null, 'bot_blocked_until': null,"
        " 'bot_block_reason': null}"},
    {"create again", "POST", "/users", "{'telegram_id': 7}", 409,
        "{'code': 'user_exists', 'detail': 'User already exists'}"},
    {"a number in a string will do", "POST", "/users", "{'telegram_id': '8'}", 201,
        "{'telegram_id': 8, 'devices_max': 5}"},
    {"get", "GET", "/users/7", NULL, 200, ADA, "X-Request-Id: test-1"},
    {"get by the other path", "GET", "/users/telegram/7", NULL, 200, ADA},
    {"head", "HEAD", "/users/7", NULL, 200, ADA},

    {"a new limit", "PATCH", "/users/7", "{'devices_max': 4}", 200, "{'devices_max': 4}"},
    {"absent leaves", "PATCH", "/users/7", "{}", 200, "{'devices_max': 4}"},
    {"null is no limit", "PATCH", "/users/7", "{'devices_max': null}", 422,
        "{'errors': [" FAULT("int_parsing", "body", "devices_max") "]}"},
    {"65 is too many", "PATCH", "/users/7", "{'devices_max': 65}", 422,
        "{'errors': [" FAULT("less_than_equal", "body", "devices_max") "]}"},
    {"nobody to change", "PATCH", "/users/9", "{'devices_max': 4}", 404, NOT_FOUND},

    {"a profile is trimmed", "PATCH", "/users/7/profile",
        "{'telegram_username': ' @ada ', 'telegram_first_name': ' Ada ', 'telegram_last_name': 'L'}",
        200, "{'telegram_username': 'ada', 'telegram_first_name': 'Ada', 'telegram_last_name': 'L'}"},
    {"null leaves", "PATCH", "/users/7/profile", "{'telegram_username': null}", 200,
        "{'telegram_username': 'ada', 'telegram_first_name': 'Ada'}"},
    {"empty clears", "PATCH", "/users/7/profile", "{'telegram_last_name': '  '}", 200,
        "{'telegram_last_name': null}"},
    {"nobody's profile", "PATCH", "/users/9/profile", "{}", 404, NOT_FOUND},

    {"one page", "GET", "/users?role=user&limit=1", NULL, 200, "[" ID(8) "]"},
    {"the next", "GET", CALL_NEXT, NULL, 200, "[" ID(7) "]"},
    {"a place in another list", "GET", "/users?cursor=AAZJrHB0GcAPj61b2ctGn6FlcIZ3KJUO", NULL, 200,
        "[]"},
    {"no admins", "GET", "/users?role=admin", NULL, 200, "[]"},
    {"an escape in a query", "GET", "/users?role=%75ser&limit=1000", NULL, 200,
        "[" ID(8) "," ID(7) "]"},
    {"nobody is blocked", "GET", "/users?blocked_only=true", NULL, 200, "[]"},
    {"a device to be found by", CALL_SQL, "insert into device (id, user_id, name, status)"
        " values (gen_random_uuid(), 8, 'Green 100%', 'active')"},
    {"a part of a name", "GET", "/users?search=ADA", NULL, 200, "[" ID(7) "]"},
    {"a part of a device's name", "GET", "/users?search=een%20100%25", NULL, 200, "[" ID(8) "]"},
    {"a wildcard is only itself", "GET", "/users?search=g%25n", NULL, 200, "[]"},
    {"the beginning of an id", "GET", "/users?search=7", NULL, 200, "[" ID(7) "]"},
    {"the beginning of a username", "GET", "/users?search=ad", NULL, 200, "[" ID(7) "]"},
    {"one letter of it, in any case", "GET", "/users?search=A", NULL, 200, "[" ID(7) "]"},
    {"not its middle", "GET", "/users?search=da", NULL, 200, "[]"},
    {"a wildcard is itself there, too", "GET", "/users?search=a_", NULL, 200, "[]"},

    {"by pseudonym", "GET", "/users?pid=" PID_8, NULL, 200, "[" ID(8) "]"},
    {"nobody's", "GET", "/users?pid=00000000000000000000", NULL, 200, "[]"},
    {"and a role", "GET", "/users?role=admin&pid=" PID_8, NULL, 200, "[]"},
    {"20 digits", "GET", "/users?pid=2b547f72480999771", NULL, 422,
        "{'errors': [" FAULT("string_pattern", "query", "pid") "]}"},

    {"every fault is listed", "POST", "/users", "{'devices_max': 65}", 422,
        "{'errors': [" FAULT("missing", "body", "telegram_id") ","
        FAULT("less_than_equal", "body", "devices_max") "]}"},
    {"path and body", "PATCH", "/users/ada/profile", "{'telegram_username': 1}", 422,
        "{'errors': [" FAULT("int_parsing", "path", "telegram_id") ","
        FAULT("string_type", "body", "telegram_username") "]}"},
    {"a limit is a number", "GET", "/users?limit=x", NULL, 422,
        "{'errors': [" FAULT("int_parsing", "query", "limit") "]}"},
    {"a cursor is ours", "GET", "/users?cursor=x", NULL, 422,
        "{'errors': [" FAULT("string_pattern", "query", "cursor") "]}"},
    {"an id is above 0", "POST", "/users", "{'telegram_id': 0}", 422,
        "{'errors': [" FAULT("greater_than_equal", "body", "telegram_id") "]}"},
    {"an id has 63 bits", "POST", "/users", "{'telegram_id': 9223372036854775808}", 422,
        "{'errors': [{'loc': ['body', 'telegram_id']}]}"},

    {"401", "GET", "/users/7", NULL, 401, "{'code': 'token'}", .scopes = "none"},
    {"403", "POST", "/users", "{'telegram_id': 10}", 403, READ_ONLY, .scopes = "users:read"},
    {"405", "DELETE", "/users", NULL, 405, "{'code': 'method_not_allowed'}",
        "Allow: GET, HEAD, POST"},

    {"ranks", CALL_SQL, "insert into tg_user (telegram_id, role) values (20, 'admin'),"
        " (30, 'superadmin')"},
    {"an actor sees himself", "GET", "/users/7", NULL, 200, ID(7), .send = "X-Actor-Telegram-Id: 7"},
    {"not another", "GET", "/users/8", NULL, 404, NOT_FOUND, .send = "X-Actor-Telegram-Id: 7"},
    {"nor in a list", "GET", "/users", NULL, 200, "[" ID(7) "]", .send = "X-Actor-Telegram-Id: 7"},
    {"nor by pseudonym", "GET", "/users?pid=" PID_8, NULL, 200, "[]",
        .send = "X-Actor-Telegram-Id: 7"},
    {"an admin lists himself and users", "GET", "/users", NULL, 200,
        "[" ID(20) "," ID(8) "," ID(7) "]", .send = "X-Actor-Telegram-Id: 20"},
    {"a superadmin lists admins, too", "GET", "/users?role=admin", NULL, 200, "[" ID(20) "]",
        .send = "X-Actor-Telegram-Id: 30"},
    {"of superadmins, himself", "GET", "/users?role=superadmin", NULL, 200,
        "[" ID(30) "]", .send = "X-Actor-Telegram-Id: 30"},
    {"an admin sees users", "GET", "/users/8", NULL, 200, ID(8), .send = "X-Actor-Telegram-Id: 20"},
    {"not superadmins", "GET", "/users/30", NULL, 404, NOT_FOUND,
        .send = "X-Actor-Telegram-Id: 20"},
    {"nobody sets his own limit", "PATCH", "/users/7", "{'devices_max': 64}", 403,
        "{'code': 'rank'}", .send = "X-Actor-Telegram-Id: 7"},
    {"an admin sets a user's", "PATCH", "/users/7", "{'devices_max': 6}", 200,
        "{'devices_max': 6}", .send = "X-Actor-Telegram-Id: 20"},
    {"a user makes no users", "POST", "/users", "{'telegram_id': 40}", 403, "{'code': 'rank'}",
        .send = "X-Actor-Telegram-Id: 7"},

    {"every change is audited, without names", CALL_SQL, "do $$ begin"
        " assert (select count(*) from audit_log where subject = 'user:7') = 6;"
        " assert (select count(*) from audit_log where action = 'users.create') = 2;"
        " assert (select count(*) from audit_log where action = 'users.profile'"
        "   and (before is not null or after is not null)) = 0;"
        " assert (select actor_telegram_id from audit_log order by id desc limit 1) = 20;"
        " assert (select after from audit_log order by id desc limit 1) = '{\"devices_max\": 6}';"
        " end $$"},
};

#define ACTOR(id)   "X-Actor-Telegram-Id: " #id
#define RANK        "{'code': 'rank', 'status': 403}"
#define BY_20       "{'hours': 2, 'reason': 'sharing', 'actor_telegram_id': 20}"
#define BLOCK(id)   "/users/" #id "/bot-block"
#define UNBLOCK(id) "/users/" #id "/bot-unblock"
#define GIVE(id)    "/users/" #id "/entitlement"
#define ROLE(id)    "/users/" #id "/role"
#define COME(id)    "/users/" #id "/session"

/* 7 and 8 are users, 20 and 21 admins, 30 and 31 superadmins. */
#define PEOPLE "insert into tg_user (telegram_id, role) values (7, 'user'), (8, 'user'),"           \
    " (20, 'admin'), (21, 'admin'), (30, 'superadmin'), (31, 'superadmin')"

/* For user 7: two devices, on the first a chain, a direct connection and one of WireGuard. */
#define ACCESS "with d as (insert into device (id, user_id, name, status) values"                   \
    " ('00000000-0000-4000-8000-0000000000d1', 7, 'phone', 'active'),"                              \
    " ('00000000-0000-4000-8000-0000000000d2', 7, 'laptop', 'active') returning id),"               \
    " c as (insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name," \
    " custom_overrides_json, status) select gen_random_uuid(), 7,"                                  \
    " '00000000-0000-4000-8000-0000000000d1', k.p::connection_protocol, k.m::connection_mode,"      \
    " k.v::connection_variant, 'default', '{}', 'active' from (values"                              \
    " ('vless_reality', 'direct', 'B1'), ('vless_reality', 'chain', 'B2')) k (p, m, v)"             \
    " returning id) insert into connection_revision (id, connection_id, slot, status,"              \
    " effective_config_json) select gen_random_uuid(), c.id, n, 'active', '{}' from c,"             \
    " generate_series(0, 2) n"

#define ALL_GONE "do $$ begin"                                                                      \
    " assert (select count(*) from device where user_id = 7 and status = 'active') = 0;"            \
    " assert (select count(*) from connection where user_id = 7 and status = 'active') = 0;"        \
    " assert (select count(*) from connection_revision where status = 'active') = 0; end $$"

#define SESSION "insert into grafana_session (id_hash, telegram_id, login, scope, expires_at)"      \
    " values (gen_random_uuid()::text, 7, 'u7', 'user', now() + interval '1 day')"
#define SESSIONS(n) "do $$ begin assert (select count(*) from grafana_session where"                \
    " telegram_id = 7 and revoked_at is null) = " #n "; delete from grafana_session; end $$"

/* The newest row of the audit log. */
#define AUDITED(what) "do $$ declare a audit_log; begin"                                            \
    " select * into strict a from audit_log order by id desc limit 1; assert " what "; end $$"

static const struct call decisions[] = {
    {"people", CALL_SQL, PEOPLE},
    {"what one has", CALL_SQL, ACCESS},
    {"a session of Grafana", CALL_SQL, SESSION},

    {"3.3 grace of a week", "PATCH", GIVE(7), "{'entitlement_status': 'grace'}", 200,
        "{'entitlement_status': 'grace', 'bot_blocked_until': null}"},
    {"from now on", CALL_SQL, "do $$ begin assert (select abs(extract(epoch from grace_ends_at -"
        " now()) - 604800) < 60 from tg_user where telegram_id = 7); end $$"},
    {"what exists stays, a session too", CALL_SQL, SESSIONS(1)},
    {"with its end", "PATCH", GIVE(7),
        "{'entitlement_status': 'grace', 'grace_ends_at': '2099-01-01T00:00:00+02:00'}", 200,
        "{'entitlement_status': 'grace', 'grace_ends_at': '2098-12-31T22:00:00Z'}"},
    {"audited as what changed", CALL_SQL, AUDITED("a.action = 'users.entitlement' and a.subject ="
        " 'user:7' and a.token_name is not null and a.request_id = 'test-1' and"
        " a.after = '{\"grace_ends_at\": \"2098-12-31T22:00:00Z\"}' and a.before ? 'grace_ends_at'")},
    {"not in the past", "PATCH", GIVE(7),
        "{'entitlement_status': 'grace', 'grace_ends_at': '2020-01-01T00:00:00Z'}", 422,
        "{'code': 'input', 'detail': 'grace_ends_at is in the past', 'errors':"
        " [{'type': 'greater_than_equal', 'loc': ['body', 'grace_ends_at'],"
        " 'msg': 'grace_ends_at is in the past', 'input': '2020-01-01T00:00:00Z'}]}"},
    {"nor without a zone", "PATCH", GIVE(7),
        "{'entitlement_status': 'grace', 'grace_ends_at': '2099-01-01T00:00:00'}", 422,
        "{'errors': [" FAULT("time_parsing", "body", "grace_ends_at") "]}"},
    {"3.3 active ends it", "PATCH", GIVE(7), "{'entitlement_status': 'active'}", 200,
        "{'entitlement_status': 'active', 'grace_ends_at': null}"},
    {"3.3 blocked takes all", "PATCH", GIVE(7),
        "{'entitlement_status': 'blocked', 'actor_telegram_id': 20}", 200,
        "{'entitlement_status': 'blocked', 'grace_ends_at': null}"},
    {"of all kinds", CALL_SQL, ALL_GONE},
    {"nodes are told once of each", CALL_SQL, "do $$ begin"
        " assert (select count(*) from outbox_event where revokes"
        "   and event_type = 'REVOKE_CONNECTION' and request_id = 'test-1') = 2; end $$"},
    {"by whom", CALL_SQL, AUDITED("a.actor_telegram_id = 20 and"
        " a.after = '{\"entitlement_status\": \"blocked\"}'")},
    {"active gives nothing back", "PATCH", GIVE(7), "{'entitlement_status': 'active'}", 200,
        "{'entitlement_status': 'active'}"},
    {"of all kinds", CALL_SQL, ALL_GONE},
    {"no such entitlement", "PATCH", GIVE(7), "{'entitlement_status': 'paid'}", 422,
        "{'errors': [" FAULT("enum", "body", "entitlement_status") "]}"},
    {"none at all", "PATCH", GIVE(7), "{}", 422,
        "{'errors': [" FAULT("missing", "body", "entitlement_status") "]}"},
    {"nobody's entitlement", "PATCH", GIVE(9), "{'entitlement_status': 'active'}", 404, NOT_FOUND},
    {"nobody's own", "PATCH", GIVE(7), "{'entitlement_status': 'active', 'actor_telegram_id': 7}",
        403, RANK},
    {"a user's by a user", "PATCH", GIVE(8), "{'entitlement_status': 'active'}", 404, NOT_FOUND,
        .send = ACTOR(7)},
    {"an admin's by an admin", "PATCH", GIVE(21), "{'entitlement_status': 'active'}", 403, RANK,
        .send = ACTOR(20)},
    {"two actors", "PATCH", GIVE(7), "{'entitlement_status': 'active', 'actor_telegram_id': 20}",
        400, "{'code': 'actor_mismatch'}", .send = ACTOR(21)},
    {"the same one twice", "PATCH", GIVE(7),
        "{'entitlement_status': 'active', 'actor_telegram_id': 20}", 200, ID(7), .send = ACTOR(20)},
    {"no actor is null", "PATCH", GIVE(7),
        "{'entitlement_status': 'active', 'actor_telegram_id': null}", 200, ID(7)},
    {"a stranger", "PATCH", GIVE(7), "{'entitlement_status': 'active', 'actor_telegram_id': 99}",
        403, "{'code': 'actor_not_found', 'detail': 'Actor not found'}"},
    {"403 entitlement", "PATCH", GIVE(7), "{'entitlement_status': 'active'}", 403, READ_ONLY,
        .scopes = "users:read"},

    {"3.4 a block, without access", CALL_SQL, "delete from device where user_id = 7"},
    {"what one has", CALL_SQL, ACCESS},
    {"sessions of Grafana", CALL_SQL, SESSION},
    {"may leave what is there", "PATCH", BLOCK(7), "{'hours': 24, 'revoke_access': false}", 200,
        "{'bot_block_reason': null, 'entitlement_status': 'active'}"},
    {"but ends sessions", CALL_SQL, SESSIONS(0)},
    {"for as long as it says", CALL_SQL, "do $$ begin"
        " assert (select count(*) from connection where user_id = 7 and status = 'active') = 2;"
        " assert (select abs(extract(epoch from bot_blocked_until - now()) - 86400) < 60"
        "   from tg_user where telegram_id = 7); end $$"},
    {"who is blocked is found", "GET", "/users?blocked_only=1", NULL, 200, "[" ID(7) "]"},
    {"a blocked actor reads himself", "GET", "/users/7", NULL, 200, ID(7), .send = ACTOR(7)},
    {"by the other path, too", "GET", "/users/telegram/7", NULL, 200, ID(7), .send = ACTOR(7)},
    {"and nothing else", "GET", "/users", NULL, 403, "{'code': 'user_blocked'}", .send = ACTOR(7)},
    {"nor does he change himself", "PATCH", "/users/7/profile", "{}", 403,
        "{'code': 'user_blocked'}", .send = ACTOR(7)},
    {"3.4 a block takes all", "PATCH", BLOCK(7),
        "{'hours': 1, 'reason': 'sharing', 'actor_telegram_id': '30'}", 200,
        "{'bot_block_reason': 'sharing'}"},
    {"of all kinds", CALL_SQL, ALL_GONE},
    {"audited", CALL_SQL, AUDITED("a.action = 'users.block' and a.actor_telegram_id = 30 and"
        " a.after ->> 'bot_block_reason' = 'sharing' and a.after ? 'bot_blocked_until'")},
    {"an hour at least", "PATCH", BLOCK(7), "{'hours': 0}", 422,
        "{'errors': [" FAULT("greater_than_equal", "body", "hours") "]}"},
    {"a year at most", "PATCH", BLOCK(7), "{'hours': 8761}", 422,
        "{'errors': [" FAULT("less_than_equal", "body", "hours") "]}"},
    {"for how long", "PATCH", BLOCK(7), "{}", 422,
        "{'errors': [" FAULT("missing", "body", "hours") "]}"},
    {"an admin blocks, with a key", "PATCH", BLOCK(7), BY_20, 200,
        ID(7), .send = "Idempotency-Key: k1"},
    {"and again", "PATCH", BLOCK(7), BY_20, 200, ID(7),
        "Idempotency-Replayed: true", .send = "Idempotency-Key: k1"},
    {"then he is none", CALL_SQL, "update tg_user set role = 'user' where telegram_id = 20"},
    {"and learns of nobody again", "PATCH", BLOCK(7), BY_20, 422,
        "{'code': 'idempotency_mismatch'}", .send = "Idempotency-Key: k1"},
    {"until he is one again", CALL_SQL, "update tg_user set role = 'admin' where telegram_id = 20"},
    {"superadmins are immune", "PATCH", BLOCK(30), "{'hours': 1}", 400,
        "{'code': 'superadmin_immune', 'detail': 'Cannot block superadmin'}"},
    {"from superadmins, too", "PATCH", BLOCK(30), "{'hours': 1, 'actor_telegram_id': 31}", 400,
        "{'code': 'superadmin_immune'}"},
    {"a superadmin blocks an admin", "PATCH", BLOCK(21), "{'hours': 1, 'actor_telegram_id': 31}",
        200, ID(21)},
    {"an admin no admin", "PATCH", BLOCK(20), "{'hours': 1}", 403, "{'code': 'user_blocked'}",
        .send = ACTOR(21)},
    {"and not himself", "PATCH", BLOCK(20), "{'hours': 1}", 403, RANK, .send = ACTOR(20)},
    {"a user nobody", "PATCH", BLOCK(7), "{'hours': 1}", 404, NOT_FOUND, .send = ACTOR(8)},
    {"not even a superadmin", "PATCH", BLOCK(30), "{'hours': 1}", 404, NOT_FOUND, .send = ACTOR(8)},
    {"nobody is blocked", "PATCH", BLOCK(9), "{'hours': 1}", 404, NOT_FOUND},
    {"403 block", "PATCH", BLOCK(7), "{'hours': 1}", 403, READ_ONLY, .scopes = "users:read"},

    {"an admin unblocks no admin", "POST", UNBLOCK(21), "{'actor_telegram_id': 20}", 403, RANK},
    {"3.4 unblocking", "POST", UNBLOCK(7), "{'actor_telegram_id': 20}", 200,
        "{'telegram_id': 7, 'bot_blocked_until': null, 'bot_block_reason': null,"
        " 'access_restored': false}"},
    {"restores nothing", CALL_SQL, ALL_GONE},
    {"audited", CALL_SQL, AUDITED("a.action = 'users.unblock' and"
        " a.after = '{\"bot_block_reason\": null, \"bot_blocked_until\": null}'")},
    {"again", "POST", UNBLOCK(7), "{}", 200, "{'access_restored': false}"},
    {"is no change", CALL_SQL, "do $$ begin assert (select count(*) from audit_log"
        " where action = 'users.unblock') = 1; end $$"},
    {"nobody to unblock", "POST", UNBLOCK(9), "{}", 404, NOT_FOUND},
    {"403 unblock", "POST", UNBLOCK(7), "{}", 403, READ_ONLY, .scopes = "users:read"},
    {"405", "GET", UNBLOCK(7), NULL, 405, "{}", "Allow: POST"},

    {"a session of Grafana", CALL_SQL, SESSION},
    {"a role", "PATCH", ROLE(7), "{'role': 'admin', 'actor_telegram_id': 30}", 200,
        "{'telegram_id': 7, 'role': 'admin'}"},
    {"ends sessions", CALL_SQL, SESSIONS(0)},
    {"audited", CALL_SQL, AUDITED("a.action = 'users.role' and a.before = '{\"role\": \"user\"}'"
        " and a.after = '{\"role\": \"admin\"}' and a.actor_telegram_id = 30")},
    {"the same once more is no change", "PATCH", ROLE(7), "{'role': 'admin'}", 200, ID(7)},
    {"not audited", CALL_SQL, "do $$ begin assert (select count(*) from audit_log"
        " where action = 'users.role') = 1; end $$"},
    {"and back", "PATCH", ROLE(7), "{'role': 'user'}", 200, "{'role': 'user'}"},
    {"nobody gives his own", "PATCH", ROLE(7), "{'role': 'admin', 'actor_telegram_id': 20}", 403,
        RANK},
    {"nor a superadmin his", "PATCH", ROLE(7), "{'role': 'superadmin', 'actor_telegram_id': 30}",
        403, RANK},
    {"nobody takes a superadmin's", "PATCH", ROLE(31), "{'role': 'user', 'actor_telegram_id': 30}",
        403, RANK},
    {"nor an admin's an admin", "PATCH", ROLE(20), "{'role': 'user'}", 403, RANK,
        .send = ACTOR(20)},
    {"a user sees nobody", "PATCH", ROLE(7), "{'role': 'admin'}", 404, NOT_FOUND, .send = ACTOR(8)},
    {"and not his own way up", "PATCH", ROLE(8), "{'role': 'admin'}", 403, RANK, .send = ACTOR(8)},
    {"a token may", "PATCH", ROLE(31), "{'role': 'admin'}", 200, "{'role': 'admin'}"},
    {"but not the last one", "PATCH", ROLE(30), "{'role': 'user'}", 400,
        "{'code': 'last_superadmin'}"},
    {"nor he himself", "PATCH", ROLE(30), "{'role': 'user', 'actor_telegram_id': 30}", 400,
        "{'code': 'last_superadmin'}"},
    {"he may remain one", "PATCH", ROLE(30), "{'role': 'superadmin'}", 200, ID(30)},
    {"nobody's role", "PATCH", ROLE(9), "{'role': 'user'}", 404, NOT_FOUND},
    {"no such role", "PATCH", ROLE(7), "{'role': 'god'}", 422,
        "{'errors': [" FAULT("enum", "body", "role") "]}"},
    {"403 role", "PATCH", ROLE(7), "{'role': 'admin'}", 403,
        "{'detail': 'Insufficient API token scope, required: users:write users:role'}",
        .scopes = "users:rw"},

    {"an admin's limit by an admin", "PATCH", "/users/31", "{'devices_max': 3}", 403, RANK,
        .send = ACTOR(20)},
    {"a user's by another", "PATCH", "/users/7", "{'devices_max': 3}", 404, NOT_FOUND,
        .send = ACTOR(8)},
    {"audited", "PATCH", "/users/7", "{'devices_max': 3}", 200, "{'devices_max': 3}"},
    {"as what changed", CALL_SQL, AUDITED("a.action = 'users.update' and"
        " a.before = '{\"devices_max\": 5}' and a.after = '{\"devices_max\": 3}'")},
};

#define KEPT "'telegram_username': 'ada', 'telegram_first_name': 'Ada', 'telegram_last_name': null"
#define NO_COUNTS "'counts': {'devices': 0, 'connections': 0, 'revisions': 0}"

static const struct call sessions[] = {
    {"who comes first is made", "POST", COME(7),
        "{'telegram_username': '@ada', 'telegram_first_name': ' Ada ', 'telegram_last_name': ''}",
        200, "{'created': true, 'blocked': false, " NO_COUNTS ", 'user': {'telegram_id': 7, " KEPT
        ", 'role': 'user', 'devices_max': 5, 'entitlement_status': 'active',"
        " 'grace_ends_at': null, 'bot_blocked_until': null, 'bot_block_reason': null}}"},
    {"audited without names", CALL_SQL, AUDITED("a.action = 'users.create' and a.subject = 'user:7'"
        " and a.after = '{\"devices_max\": 5, \"role\": \"user\"}'")},
    {"a mark", CALL_SQL, "update tg_user set updated_at = '2020-01-01'"},
    {"who comes again is found", "POST", COME(7), "{'telegram_username': 'ada'}", 200,
        "{'created': false, 'user': {'telegram_id': 7, " KEPT "}}"},
    {"and nothing is written", CALL_SQL, "do $$ begin"
        " assert (select updated_at from tg_user) = '2020-01-01';"
        " assert (select count(*) from audit_log) = 1; end $$"},
    {"a name that is new", "POST", COME(7), "{'telegram_last_name': 'L'}", 200,
        "{'created': false, 'user': {'telegram_username': 'ada', 'telegram_last_name': 'L'}}"},
    {"is audited as having changed", CALL_SQL, AUDITED("a.action = 'users.profile'"
        " and a.before is null and a.after is null")},
    {"a name that is no more", "POST", COME(7), "{'telegram_username': ''}", 200,
        "{'user': {'telegram_username': null, 'telegram_first_name': 'Ada'}}"},
    {"what one has", CALL_SQL, ACCESS},
    {"is counted", "POST", COME(7), "{}", 200,
        "{'counts': {'devices': 2, 'connections': 2, 'revisions': 6}}"},
    {"a block", CALL_SQL, "update tg_user set bot_blocked_until = now() + interval '1 hour'"},
    {"is told", "POST", COME(7), "{}", 200, "{'blocked': true, 'created': false}"},
    {"its end", CALL_SQL, "update tg_user set bot_blocked_until = now() - interval '1 hour'"},
    {"needs nobody", "POST", COME(7), "{}", 200, "{'blocked': false}"},
    {"a name of 65", "POST", COME(7), "{'telegram_username':"
        " 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}", 422,
        "{'errors': [" FAULT("string_too_long", "body", "telegram_username") "]}"},
    {"an id of 0", "POST", COME(0), "{}", 422,
        "{'errors': [" FAULT("greater_than_equal", "path", "telegram_id") "]}"},
    {"403", "POST", COME(7), "{}", 403, READ_ONLY, .scopes = "users:read"},

    {"others", CALL_SQL, "insert into tg_user (telegram_id, role) values (8, 'user'), (20, 'admin')"},
    {"his own", "POST", COME(7), "{}", 200, "{'user': " ID(7) "}", .send = ACTOR(7)},
    {"another's", "POST", COME(8), "{}", 404, NOT_FOUND, .send = ACTOR(7)},
    {"nobody's", "POST", COME(9), "{}", 404, NOT_FOUND, .send = ACTOR(7)},
    {"a user's by an admin", "POST", COME(8), "{}", 200, "{'user': " ID(8) "}", .send = ACTOR(20)},
    {"who makes users, too", "POST", COME(9), "{}", 200, "{'created': true}", .send = ACTOR(20)},
};

/* As SUPERADMIN_TELEGRAM_IDS has it. */
static const int64_t superadmins[] = {7, 30};

static const struct call promotions[] = {
    {"whom the settings name", "POST", COME(30), "{}", 200,
        "{'created': true, 'user': {'role': 'superadmin'}}"},
    {"he is gone", CALL_SQL, "with gone as (delete from tg_user) insert into tg_user"
        " (telegram_id, role) values (20, 'admin')"},
    {"an admin makes no superadmin", "POST", COME(30), "{}", 403, RANK, .send = ACTOR(20)},
    {"one of before", CALL_SQL, "insert into tg_user (telegram_id) values (7), (8)"},
    {"a session of Grafana", CALL_SQL, SESSION},
    {"is promoted when he comes", "POST", COME(7), "{}", 200,
        "{'created': false, 'user': {'role': 'superadmin'}}"},
    {"audited", CALL_SQL, AUDITED("a.action = 'users.role' and a.before = '{\"role\": \"user\"}'"
        " and a.after = '{\"role\": \"superadmin\"}'")},
    {"and his sessions end", CALL_SQL, SESSIONS(0)},
    {"others are not", "POST", COME(8), "{}", 200, "{'user': {'role': 'user'}}"},
    {"created so, too", CALL_SQL, "delete from tg_user where telegram_id = 30"},
    {"as by POST /users", "POST", "/users", "{'telegram_id': 30}", 201, "{'role': 'superadmin'}"},
};
/* clang-format on */

static void
test_whom_the_settings_name(void)
{
    struct settings settings;
    struct db db;

    fixture_settings(&settings);
    settings.superadmin_telegram_ids = (struct list){superadmins, COUNT(superadmins)};
    database_init(&db);
    run_calls_under(&handler_app, promotions, COUNT(promotions), &settings, &db);
    db_free(&db);
}

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_calls(&handler_app, decisions, COUNT(decisions));
    run_calls(&handler_app, sessions, COUNT(sessions));
    test_whom_the_settings_name();
    run_scopes(&handler_app);
    return check_report("handlers/users");
}
