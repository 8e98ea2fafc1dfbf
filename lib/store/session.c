#include "store/session.h"

#include "store/outbox.h"
#include "store/user_columns.h"

static const struct field counts_fields[] = {
    F_INT(struct access_counts, devices, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct access_counts, connections, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct access_counts, revisions, F_REQUIRED, 0, INT64_MAX),
};
static const struct schema counts_schema = SCHEMA(struct access_counts, counts_fields);

static const struct field session_fields[] = {
    F_OBJECT(struct session, user, struct user, F_REQUIRED, &user_schema),
    F_BOOL(struct session, created, F_REQUIRED),
    F_BOOL(struct session, blocked, F_REQUIRED),
    F_OBJECT(struct session, counts, struct access_counts, F_REQUIRED, &counts_schema),
};
const struct schema session_schema = SCHEMA(struct session, session_fields);

/* $4 the user, $5 whether the settings make him a superadmin, $6 to $8 his profile. */
#define GIVEN                                                                                      \
    "given (username, first_name, last_name) as"                                                   \
    " (select btrim(ltrim(btrim($6::text), '@')), btrim($7::text), btrim($8::text)),"              \
    " was as (select * from tg_user where telegram_id = $4::bigint)"

#define MADE                                                                                       \
    "made as (insert into tg_user (telegram_id, telegram_username, telegram_first_name,"           \
    " telegram_last_name, role) select $4, nullif(username, ''), nullif(first_name, ''),"          \
    " nullif(last_name, ''), (case when $5 then 'superadmin' else 'user' end)::user_role"          \
    " from given where not exists (select from was) on conflict do nothing returning *)"

/* Most come as they were, and then nothing is written. */
#define CHANGED                                                                                    \
    "changed as (update tg_user u set"                                                             \
    " telegram_username = nullif(coalesce(g.username, u.telegram_username), ''),"                  \
    " telegram_first_name = nullif(coalesce(g.first_name, u.telegram_first_name), ''),"            \
    " telegram_last_name = nullif(coalesce(g.last_name, u.telegram_last_name), ''),"               \
    " role = case when $5 then 'superadmin' else u.role end, updated_at = now()"                   \
    " from given g where u.telegram_id = $4 and (($5 and u.role <> 'superadmin')"                  \
    " or u.telegram_username is distinct from nullif(coalesce(g.username,"                         \
    " u.telegram_username), '')"                                                                   \
    " or u.telegram_first_name is distinct from nullif(coalesce(g.first_name,"                     \
    " u.telegram_first_name), '')"                                                                 \
    " or u.telegram_last_name is distinct from nullif(coalesce(g.last_name,"                       \
    " u.telegram_last_name), '')) returning u.*)"

/* As he is now, and whether that is our doing. When another has just changed him in the same way,
 * `was` is how he was before; what we know of him then is what was given. */
#define SEEN                                                                                       \
    "seen as (select " USER_COLUMNS ", true as fresh from made"                                    \
    " union all select " USER_COLUMNS ", true from changed"                                        \
    " union all select telegram_id, nullif(coalesce(username, telegram_username), ''),"            \
    " nullif(coalesce(first_name, telegram_first_name), ''),"                                      \
    " nullif(coalesce(last_name, telegram_last_name), ''),"                                        \
    " case when $5 then 'superadmin' else role end, devices_max, entitlement_status,"              \
    " grace_ends_at, bot_blocked_until, bot_block_reason, created_at, false"                       \
    " from was cross join given where not exists (select from changed))"

/* A role that changes ends what the old one had opened. */
#define NOTED                                                                                      \
    "ended as (update grafana_session s set revoked_at = now() from changed c join was w using"    \
    " (telegram_id) where c.role <> w.role and s.telegram_id = $4 and s.revoked_at is null),"      \
    " audited as (insert into audit_log"                                                           \
    " (request_id, token_name, actor_telegram_id, action, subject, before, after)"                 \
    " select $1, $2, $3::bigint, e.action, 'user:' || s.telegram_id, e.before, e.after"            \
    " from seen s left join was w on true cross join lateral (values"                              \
    " (w.telegram_id is null, 'users.create', null, jsonb_build_object("                           \
    "'devices_max', s.devices_max, 'role', s.role)),"                                              \
    " (w.role <> s.role, 'users.role', jsonb_build_object('role', w.role),"                        \
    " jsonb_build_object('role', s.role)),"                                                        \
    " (w.telegram_id is not null and (w.telegram_username, w.telegram_first_name,"                 \
    " w.telegram_last_name) is distinct from (s.telegram_username, s.telegram_first_name,"         \
    " s.telegram_last_name), 'users.profile', null, null))"                                        \
    " as e (happened, action, before, after) where s.fresh and e.happened)"

#define COUNTS                                                                                     \
    "jsonb_build_object('devices', (select count(*) from device where user_id = $4"                \
    " and status = 'active'), 'connections', (select count(*) from connection"                     \
    " where user_id = $4 and status = 'active'), 'revisions', (select count(*)"                    \
    " from connection c join connection_revision r on r.connection_id = c.id"                      \
    " where c.user_id = $4 and r.status = 'active'))"

/* No row: he was made by another meanwhile, and the next try finds him. */
static const struct query SESSION_OPEN = {
    .name = "session_open",
    .sql = "with " GIVEN ", " MADE ", " CHANGED ", " SEEN ", " NOTED " select"
           " (select to_jsonb(u) from (select " USER_COLUMNS " from seen) u) as user,"
           " (select count(*) from made) = 1 as created,"
           " coalesce(bot_blocked_until > now(), false) as blocked, " COUNTS " as counts from seen",
    .row = &session_schema,
    .missing = ERR_RETRY,
};

bool
session_open(struct db *db, const struct actor *actor, const struct user *user,
    struct session *session, struct err *err)
{
    return db_one(db, &SESSION_OPEN,
        DB_ARGS(arg_text(actor->request_id), arg_text(actor->token_name), arg_actor(actor),
            arg_int(user->telegram_id), arg_bool(user->role == ROLE_SUPERADMIN),
            arg_text(user->telegram_username), arg_text(user->telegram_first_name),
            arg_text(user->telegram_last_name)),
        session, err);
}
