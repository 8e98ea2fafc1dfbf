#include "store/users.h"

#include <inttypes.h>

#include "schema/write.h"

/* -- records ------------------------------------------------------------------------------- */

const char *const user_role_names[] = {
    [ROLE_USER] = "user", [ROLE_ADMIN] = "admin", [ROLE_SUPERADMIN] = "superadmin", NULL};

static const struct field user_fields[] = {
    F_INT(struct user, telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct user, telegram_username, F_NULLABLE, 1, 64),
    F_ENUM(struct user, role, F_REQUIRED, user_role_names),
    F_INT(struct user, devices_max, F_REQUIRED, 1, 64),
    F_TIME(struct user, bot_blocked_until, F_NULLABLE),
    F_TIME(struct user, created_at, F_REQUIRED),
};

static const struct field new_fields[] = {
    F_INT(struct user_new, telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct user_new, devices_max, F_OPTIONAL, 1, 64),
};

static const struct user_new new_defaults = {.devices_max = 5};

static const struct field profile_fields[] = {
    [PROFILE_USERNAME] =
        F_MATCH(struct user_profile, telegram_username, F_NULLABLE, 64, "^[A-Za-z0-9_]+$"),
};

static const struct field query_fields[] = {
    [USERS_LIMIT] = F_INT(struct users_query, limit, F_OPTIONAL, 1, 1000),
    [USERS_CURSOR] = F_CURSOR(struct users_query, cursor),
    [USERS_ROLE] = F_ENUM(struct users_query, role, F_OPTIONAL, user_role_names),
};

static const struct users_query query_defaults = {.limit = 200};

const struct schema user_schema = SCHEMA(struct user, user_fields);
const struct schema user_new_schema = SCHEMA_FROM(struct user_new, new_fields, &new_defaults);
const struct schema user_profile_schema = SCHEMA_PATCH(struct user_profile, profile_fields, NULL);
const struct schema users_query_schema =
    SCHEMA_PATCH(struct users_query, query_fields, &query_defaults);

/* -- queries ------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "telegram_id, telegram_username, role, devices_max, bot_blocked_until,"                        \
    " created_at"

static const struct query USERS_LIST = {
    .name = "users_list",
    .sql = "select " COLUMNS " from tg_user"
           " where ($1::timestamptz is null or (created_at, telegram_id) < ($1, $2::bigint))"
           " and ($3::user_role is null or role = $3)"
           " order by created_at desc, telegram_id desc limit $4",
    .plan = PLAN_CUSTOM,
    .row = &user_schema,
};

static const struct query USER_GET = {
    .name = "user_get",
    .sql = "select " COLUMNS " from tg_user where telegram_id = $1",
    .row = &user_schema,
    .missing = ERR_USER_NOT_FOUND,
};

static const struct query USER_LOCK = {
    .name = "user_lock",
    .sql = "select " COLUMNS " from tg_user where telegram_id = $1 for no key update",
    .row = &user_schema,
    .missing = ERR_USER_NOT_FOUND,
};

static const struct query USER_INSERT = {
    .name = "user_insert",
    .sql = "insert into tg_user (telegram_id, devices_max) values ($1, $2) returning " COLUMNS,
    .row = &user_schema,
    .duplicate = ERR_USER_EXISTS,
};

static const struct query USER_UPDATE_PROFILE = {
    .name = "user_update_profile",
    .sql = "update tg_user set"
           " telegram_username = case when $2 then $3 else telegram_username end"
           " where telegram_id = $1 returning " COLUMNS,
    .row = &user_schema,
    .missing = ERR_USER_NOT_FOUND,
};

bool
users_list(struct db *db, const struct users_query *in, struct list *users, struct err *err)
{
    bool one_role = field_present(in->present, USERS_ROLE);

    return db_all(db, &USERS_LIST,
        DB_ARGS(arg_time(in->cursor.created_at), arg_text(in->cursor.id),
            arg_text(one_role ? user_role_names[in->role] : NULL), arg_int(in->limit + 1)),
        users, err);
}

struct cursor
user_cursor(const void *record, struct arena *arena)
{
    const struct user *user = record;

    return (struct cursor){user->created_at, arena_printf(arena, "%" PRId64, user->telegram_id)};
}

bool
user_get(struct db *db, int64_t telegram_id, struct user *user, struct err *err)
{
    return db_one(db, &USER_GET, DB_ARGS(arg_int(telegram_id)), user, err);
}

bool
user_lock(struct db *db, int64_t telegram_id, struct user *user, struct err *err)
{
    return db_one(db, &USER_LOCK, DB_ARGS(arg_int(telegram_id)), user, err);
}

bool
user_insert(struct db *db, const struct user_new *in, struct user *user, struct err *err)
{
    return db_one(
        db, &USER_INSERT, DB_ARGS(arg_int(in->telegram_id), arg_int(in->devices_max)), user, err);
}

bool
user_update_profile(struct db *db, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err)
{
    return db_one(db, &USER_UPDATE_PROFILE,
        DB_ARGS(arg_int(telegram_id), arg_bool(field_present(in->present, PROFILE_USERNAME)),
            arg_text(in->telegram_username)),
        user, err);
}
