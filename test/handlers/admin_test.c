#include "harness/call.h"
#include "harness/check.h"
#include "harness/scopes.h"

#define RESET  "/admin/reset-connections"
#define REVOKE "/admin/revoke-user-access"

#define ACTOR(id)      "{'actor_telegram_id': " #id "}"
#define BOTH(id, whom) "{'actor_telegram_id': " #id ", 'target_telegram_id': " #whom "}"
#define MISSING(name)  "{'type': 'missing', 'loc': ['body', '" name "']}"
#define RANK           "{'code': 'rank', 'status': 403}"
#define ADMIN_ONLY     "{'code': 'rank', 'detail': 'Admin role required'}"
#define NO_ACTOR       "{'status': 404, 'code': 'actor_not_found', 'detail': 'Actor not found'}"

/* clang-format off */
/* Each has a device with as many connections, each of them with a revision. */
#define ACCESS "with d as (insert into device (id, user_id, name, status)"                          \
    " select gen_random_uuid(), telegram_id, 'phone', 'active' from tg_user returning *),"          \
    " c as (insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name," \
    " custom_overrides_json, status) select gen_random_uuid(), user_id, id, 'vless_reality',"       \
    " 'direct', 'B1', 'default', '{}', 'active' from d, generate_series(1, 2) returning id)"        \
    " insert into connection_revision (id, connection_id, slot, status, effective_config_json)"     \
    " select gen_random_uuid(), id, 0, 'active', '{}' from c"

#define LEFT(devices, connections, revisions) "do $$ begin"                                         \
    " assert (select count(*) from device where status = 'active') = " #devices ";"                 \
    " assert (select count(*) from connection where status = 'active') = " #connections ";"         \
    " assert (select count(*) from connection_revision where status = 'active') = " #revisions ";"  \
    " end $$"

#define TOLD(n) "do $$ begin assert (select count(*) from outbox_event where revokes"               \
    " and event_type = 'REVOKE_CONNECTION') = " #n "; end $$"

#define AUDITED(what) "do $$ declare a audit_log; begin"                                            \
    " select * into strict a from audit_log order by id desc limit 1; assert " what "; end $$"

static const struct call calls[] = {
    {"people", CALL_SQL, "insert into tg_user (telegram_id, role) values (7, 'user'), (8, 'user'),"
        " (20, 'admin'), (21, 'admin'), (30, 'superadmin'), (31, 'superadmin')"},
    {"with access", CALL_SQL, ACCESS},

    {"of one user", "POST", REVOKE, BOTH(20, 7), 200,
        "{'target_telegram_id': 7, 'revoked_connections': 2, 'revoked_devices': 1}"},
    {"is gone, and told", CALL_SQL, LEFT(5, 10, 10)},
    {"to nodes", CALL_SQL, TOLD(2)},
    {"and audited", CALL_SQL, AUDITED("a.action = 'admin.revoke_user_access' and"
        " a.subject = 'user:7' and a.actor_telegram_id = 20 and a.after ->> 'revoked_devices' = '1'")},
    {"he is not blocked", CALL_SQL, "do $$ begin assert (select bot_blocked_until is null and"
        " entitlement_status = 'active' from tg_user where telegram_id = 7); end $$"},
    {"once more", "POST", REVOKE, BOTH(20, 7), 200,
        "{'revoked_connections': 0, 'revoked_devices': 0}"},
    {"no event for that", CALL_SQL, TOLD(2)},
    {"nobody's", "POST", REVOKE, BOTH(20, 9), 404, "{'code': 'user_not_found'}"},
    {"an admin's by an admin", "POST", REVOKE, BOTH(20, 21), 403, RANK},
    {"a superadmin's by an admin", "POST", REVOKE, BOTH(20, 30), 403, RANK},
    {"a superadmin's by another", "POST", REVOKE, BOTH(30, 31), 403, RANK},
    {"his own", "POST", REVOKE, BOTH(20, 20), 403, RANK},
    {"by a user", "POST", REVOKE, BOTH(8, 7), 403, ADMIN_ONLY},
    {"by a stranger", "POST", REVOKE, BOTH(99, 7), 404, NO_ACTOR},
    {"an admin's by a superadmin", "POST", REVOKE, BOTH(30, 21), 200, "{'revoked_connections': 2}"},
    {"by nobody", "POST", REVOKE, "{}", 422,
        "{'errors': [" MISSING("actor_telegram_id") "," MISSING("target_telegram_id") "]}"},
    {"by two", "POST", REVOKE, BOTH(20, 7), 400, "{'code': 'actor_mismatch'}",
        .send = "X-Actor-Telegram-Id: 21"},
    {"403 revoke", "POST", REVOKE, BOTH(20, 7), 403, "{'code': 'scope'}",
        .scopes = "connections:read users:rw"},

    {"of all, by an admin", "POST", RESET, ACTOR(20), 200, "{'revoked_connections': 4}"},
    {"but not of superadmins", CALL_SQL, LEFT(4, 4, 4)},
    {"audited", CALL_SQL, AUDITED("a.action = 'admin.reset_connections' and"
        " a.actor_telegram_id = 20 and a.after = '{\"revoked_connections\": 4}'")},
    {"of all, by a superadmin", "POST", RESET, ACTOR(31), 200, "{'revoked_connections': 4}"},
    {"devices stay", CALL_SQL, LEFT(4, 0, 0)},
    {"each was told of once", CALL_SQL, TOLD(12)},
    {"when there is nothing left", "POST", RESET, ACTOR(31), 200, "{'revoked_connections': 0}"},
    {"reset by a user", "POST", RESET, ACTOR(7), 403, ADMIN_ONLY},
    {"reset by a stranger", "POST", RESET, ACTOR(99), 404, NO_ACTOR},
    {"reset by nobody", "POST", RESET, "{}", 422, "{'errors': [" MISSING("actor_telegram_id") "]}"},
    {"reset by one in the header", "POST", RESET, "{}", 422, "{}",
        .send = "X-Actor-Telegram-Id: 20"},
    {"a blocked admin", CALL_SQL,
        "update tg_user set bot_blocked_until = now() + interval '1 h' where telegram_id = 20"},
    {"resets nothing", "POST", RESET, ACTOR(20), 403, "{'code': 'user_blocked'}"},
    {"403 reset", "POST", RESET, ACTOR(30), 403,
        "{'detail': 'Insufficient API token scope, required: connections:write'}",
        .scopes = "connections:read"},
    {"405", "GET", RESET, NULL, 405, "{}", "Allow: POST"},
};
/* clang-format on */

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_scopes(&handler_app);
    return check_report("handlers/admin");
}
