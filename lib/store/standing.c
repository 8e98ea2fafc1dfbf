#include "store/standing.h"

#include "store/outbox.h"
#include "store/user_columns.h"

/* -- records ------------------------------------------------------------------------------- */

enum {
    HOURS_MAX = 8760
};

static const struct field entitlement_fields[] = {
    F_ENUM(struct entitlement_set, entitlement_status, F_REQUIRED, standing_names),
    F_TIME(struct entitlement_set, grace_ends_at, F_NULLABLE),
    F_OPT_INT(struct entitlement_set, actor_telegram_id, F_OPTIONAL, 1, INT64_MAX),
};

static const struct field role_fields[] = {
    F_ENUM(struct role_set, role, F_REQUIRED, user_role_names),
    F_OPT_INT(struct role_set, actor_telegram_id, F_OPTIONAL, 1, INT64_MAX),
};

static const struct field block_fields[] = {
    F_INT(struct block_set, hours, F_REQUIRED, 1, HOURS_MAX),
    F_TEXT(struct block_set, reason, F_NULLABLE, 0, 255),
    F_BOOL(struct block_set, revoke_access, F_OPTIONAL),
    F_OPT_INT(struct block_set, actor_telegram_id, F_OPTIONAL, 1, INT64_MAX),
};

static const struct block_set block_defaults = {.revoke_access = true};

static const struct field unblock_fields[] = {
    F_OPT_INT(struct unblock_set, actor_telegram_id, F_OPTIONAL, 1, INT64_MAX),
};

static const struct field standing_fields[] = {
    F_ENUM(struct user, role, F_REQUIRED, user_role_names),
    F_INT(struct user, devices_max, F_REQUIRED, 0, INT32_MAX),
    F_ENUM(struct user, entitlement_status, F_REQUIRED, standing_names),
    F_TIME(struct user, grace_ends_at, F_NULLABLE),
    F_TIME(struct user, bot_blocked_until, F_NULLABLE),
    F_TEXT(struct user, bot_block_reason, F_NULLABLE, 0, 255),
};

const struct schema entitlement_set_schema = SCHEMA(struct entitlement_set, entitlement_fields);
const struct schema role_set_schema = SCHEMA(struct role_set, role_fields);
const struct schema block_set_schema = SCHEMA_FROM(struct block_set, block_fields, &block_defaults);
const struct schema unblock_set_schema = SCHEMA(struct unblock_set, unblock_fields);
const struct schema user_standing_schema = SCHEMA(struct user, standing_fields);

/* -- locks --------------------------------------------------------------------------------- */

static const struct query USERS_LOCK_SUPERADMINS = {
    .name = "users_lock_superadmins",
    .sql = "select " USER_LOCKED " from tg_user where telegram_id = $1 or role = 'superadmin'"
           " order by telegram_id for update",
    .row = &user_locked_schema,
};

bool
users_lock_superadmins(struct db *db, int64_t telegram_id, struct list *users, struct err *err)
{
    return db_all(db, &USERS_LOCK_SUPERADMINS, DB_ARGS(arg_int(telegram_id)), users, err);
}

struct ids {
    const char *ids;
};

static const struct field ids_fields[] = {
    F_TEXT(struct ids, ids, F_REQUIRED, 2, INT64_MAX),
};
static const struct schema ids_schema = SCHEMA(struct ids, ids_fields);

static const struct query USERS_LOCK_CONNECTED = {
    .name = "users_lock_connected",
    .sql = "select coalesce(array_agg(telegram_id), '{}')::text as ids from ("
           "select telegram_id from tg_user u where ($1 or role <> 'superadmin') and exists"
           " (select from connection c where c.user_id = u.telegram_id and c.status = 'active')"
           " order by telegram_id for update) locked",
    .row = &ids_schema,
};

/* Few, so that one transaction is short whatever each of them has. */
static const struct query USERS_LOCK_OVERDUE = {
    .name = "users_lock_overdue",
    .sql = "select coalesce(array_agg(telegram_id), '{}')::text as ids from ("
           "select telegram_id from tg_user where entitlement_status = 'grace'"
           " and grace_ends_at <= now() order by telegram_id limit 10"
           " for update skip locked) locked",
    .row = &ids_schema,
};

static bool
lock_all(struct db *db, const struct query *query, const struct db_arg *args, const char **ids,
    struct err *err)
{
    struct ids locked;

    if (!db_one(db, query, args, &locked, err))
        return false;
    *ids = locked.ids;
    return true;
}

bool
users_lock_connected(struct db *db, bool all, const char **ids, struct err *err)
{
    return lock_all(db, &USERS_LOCK_CONNECTED, DB_ARGS(arg_bool(all)), ids, err);
}

bool
users_lock_overdue(struct db *db, const char **ids, struct err *err)
{
    return lock_all(db, &USERS_LOCK_OVERDUE, DB_NO_ARGS, ids, err);
}

/* -- what was decided ---------------------------------------------------------------------- */

static const struct query USER_SETTLE = {
    .name = "user_settle",
    .sql = "with settled as (update tg_user set devices_max = $8, role = $9::user_role,"
           " entitlement_status = $10::entitlement_status, grace_ends_at = $11,"
           " bot_blocked_until = $12, bot_block_reason = $13, updated_at = now()"
           " where telegram_id = $7::bigint),"
           " ended as (update grafana_session set revoked_at = now()"
           " where $14 and telegram_id = $7 and revoked_at is null)"
           " insert into audit_log"
           " (request_id, token_name, actor_telegram_id, action, subject, before, after)"
           " values ($1, $2, $3::bigint, $4, 'user:' || $7::bigint, $5::jsonb, $6::jsonb)",
};

bool
user_settle(
    struct db *db, const struct actor *actor, const struct settling *settling, struct err *err)
{
    const struct user *user = settling->user;
    const struct audit *audit = settling->audit;

    return db_exec(db, &USER_SETTLE,
        DB_ARGS(arg_text(actor->request_id), arg_text(actor->token_name), arg_actor(actor),
            arg_text(audit->action), arg_text(audit->before), arg_text(audit->after),
            arg_int(user->telegram_id), arg_int(user->devices_max),
            arg_text(user_role_names[user->role]),
            arg_text(standing_names[user->entitlement_status]), arg_time(user->grace_ends_at),
            arg_time(user->bot_blocked_until), arg_text(user->bot_block_reason),
            arg_bool(settling->ends_sessions)),
        NULL, err);
}

static const struct query USERS_END_GRACE = {
    .name = "users_end_grace",
    .sql = "with settled as (update tg_user set entitlement_status = 'blocked', updated_at = now()"
           " where telegram_id = any ($4::bigint[]) returning telegram_id),"
           " ended as (update grafana_session set revoked_at = now()"
           " where telegram_id = any ($4) and revoked_at is null)"
           " insert into audit_log"
           " (request_id, token_name, actor_telegram_id, action, subject, before, after)"
           " select $1, $2, $3::bigint, 'users.entitlement', 'user:' || telegram_id,"
           " '{\"entitlement_status\": \"grace\"}', '{\"entitlement_status\": \"blocked\"}'"
           " from settled",
};

bool
users_end_grace(struct db *db, const struct actor *actor, const char *ids, struct err *err)
{
    return db_exec(db, &USERS_END_GRACE,
        DB_ARGS(arg_text(actor->request_id), arg_text(actor->token_name), arg_actor(actor),
            arg_text(ids)),
        NULL, err);
}
