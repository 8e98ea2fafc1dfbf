#include "store/users.h"

#include <inttypes.h>

#include "base/str.h"
#include "schema/cursor.h"
#include "store/outbox.h"
#include "store/user_columns.h"

/* -- records ------------------------------------------------------------------------------- */

const char *const user_role_names[] = {
    [ROLE_USER] = "user", [ROLE_ADMIN] = "admin", [ROLE_SUPERADMIN] = "superadmin", NULL};

const char *const standing_names[] = {
    [STANDING_ACTIVE] = "active", [STANDING_GRACE] = "grace", [STANDING_BLOCKED] = "blocked", NULL};

/* clang-format off */
#define SHOWN                                                                                      \
    F_INT(struct user, telegram_id, F_REQUIRED, 1, INT64_MAX),                                     \
    F_TEXT(struct user, telegram_username, F_NULLABLE, 0, 64),                                     \
    F_TEXT(struct user, telegram_first_name, F_NULLABLE, 0, 128),                                  \
    F_TEXT(struct user, telegram_last_name, F_NULLABLE, 0, 128),                                   \
    F_ENUM(struct user, role, F_REQUIRED, user_role_names),                                        \
    F_INT(struct user, devices_max, F_REQUIRED, 0, INT32_MAX), /* adopted rows keep theirs */      \
    F_ENUM(struct user, entitlement_status, F_REQUIRED, standing_names),                           \
    F_TIME(struct user, grace_ends_at, F_NULLABLE),                                                \
    F_TIME(struct user, bot_blocked_until, F_NULLABLE),                                            \
    F_TEXT(struct user, bot_block_reason, F_NULLABLE, 0, 255),                                     \
    F_TIME(struct user, created_at, F_REQUIRED)

static const struct field user_fields[] = {SHOWN};

static const struct field unblocked_fields[] = {SHOWN,
    F_BOOL(struct user, access_restored, F_REQUIRED),
};

static const struct field locked_fields[] = {SHOWN,
    F_TIME(struct user, locked_at, F_REQUIRED),
};
/* clang-format on */

static const struct field new_fields[] = {
    F_INT(struct user_new, telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct user_new, devices_max, F_OPTIONAL, 1, 64),
};

static const struct user_new new_defaults = {.devices_max = 5};

static const struct field patch_fields[] = {
    [USER_DEVICES_MAX] = F_INT(struct user_patch, devices_max, F_OPTIONAL, 1, 64),
};

static const struct field profile_fields[] = {
    F_TEXT(struct user_profile, telegram_username, F_NULLABLE, 0, 64),
    F_TEXT(struct user_profile, telegram_first_name, F_NULLABLE, 0, 128),
    F_TEXT(struct user_profile, telegram_last_name, F_NULLABLE, 0, 128),
};

static const struct field query_fields[] = {
    [USERS_LIMIT] = F_INT(struct users_query, limit, F_OPTIONAL, 1, 1000),
    [USERS_CURSOR] = F_CURSOR(struct users_query, cursor),
    [USERS_ROLE] = F_ENUM(struct users_query, role, F_OPTIONAL, user_role_names),
    [USERS_BLOCKED_ONLY] = F_BOOL(struct users_query, blocked_only, F_OPTIONAL),
    [USERS_SEARCH] = F_TEXT(struct users_query, search, F_OPTIONAL, 1, 128),
    [USERS_PID] = F_MATCH(struct users_query, pid, F_OPTIONAL, 20, "^[0-9a-f]{20}$"),
};

static const struct users_query query_defaults = {.limit = 200};

const struct schema user_schema = SCHEMA(struct user, user_fields);
const struct schema user_unblocked_schema = SCHEMA(struct user, unblocked_fields);
const struct schema user_locked_schema = SCHEMA(struct user, locked_fields);
const struct schema user_new_schema = SCHEMA_FROM(struct user_new, new_fields, &new_defaults);
const struct schema user_patch_schema = SCHEMA_PATCH(struct user_patch, patch_fields, NULL);
const struct schema user_profile_schema = SCHEMA(struct user_profile, profile_fields);
const struct schema users_query_schema =
    SCHEMA_PATCH(struct users_query, query_fields, &query_defaults);

/* -- lists --------------------------------------------------------------------------------- */

#define LIST_WHERE                                                                                 \
    " where ($1::timestamptz is null or (created_at, telegram_id) < ($1, $2::bigint))"             \
    " and ($3::user_role is null or role = $3)"                                                    \
    " and (not $4::bool or bot_blocked_until > now())"                                             \
    " and ($5::bigint = 0 or telegram_id = $5)"                                                    \
    " and ($6::bigint = 0 or telegram_id = $6 or role < $7::user_role)"

#define LIST_ORDER " order by created_at desc, telegram_id desc limit $8"

static const struct query USERS_LIST = {
    .name = "users_list",
    .sql = "select " USER_COLUMNS " from tg_user" LIST_WHERE LIST_ORDER,
    .plan = PLAN_CUSTOM,
    .row = &user_schema,
};

/* $9 is the text with its wildcards escaped. Each half can be found by trigrams, then sorted, or by
 * going through the users from the newest until there are enough; which of the two is cheaper, the
 * planner tells by the text. */
static const struct query USERS_SEARCH_PART = {
    .name = "users_search_part",
    .sql = "select " USER_COLUMNS " from ((select " USER_COLUMNS " from tg_user" LIST_WHERE
           " and (telegram_id::text like '%' || $9 || '%'"
           " or telegram_username ilike '%' || $9 || '%'"
           " or telegram_first_name ilike '%' || $9 || '%'"
           " or telegram_last_name ilike '%' || $9 || '%')" LIST_ORDER
           ") union (select " USER_COLUMNS " from tg_user u" LIST_WHERE
           " and exists (select from device d where d.user_id = u.telegram_id"
           " and d.name ilike '%' || $9 || '%')" LIST_ORDER ")) found" LIST_ORDER,
    .plan = PLAN_CUSTOM,
    .row = &user_schema,
};

/* $9 are the first $10 characters, 1 or 2: each half follows an index of its own in the order of
 * the list. */
static const struct query USERS_SEARCH_BEGINNING = {
    .name = "users_search_beginning",
    .sql = "select " USER_COLUMNS " from ((select " USER_COLUMNS " from tg_user" LIST_WHERE
           " and left(telegram_id::text, $10::int) = $9" LIST_ORDER ") union (select " USER_COLUMNS
           " from tg_user" LIST_WHERE
           " and lower(left(telegram_username, $10::int)) = lower($9)" LIST_ORDER
           ")) found" LIST_ORDER,
    .plan = PLAN_CUSTOM,
    .row = &user_schema,
};

/* For LIKE: its wildcards as what they are. */
static const char *
escaped(const char *text, struct arena *arena)
{
    const char *like = "";

    for (; text != NULL && *text != '\0'; text++)
        like =
            arena_printf(arena, "%s%s%c", like, str_has_word("% _ \\", text, 1) ? "\\" : "", *text);
    return like;
}

enum {
    PART_MIN = 3 /* characters that are searched for anywhere; fewer, at the beginning */
};

bool
users_list(struct db *db, const struct users_query *in, struct list *users, struct err *err)
{
    static const struct db_arg none = {.type = ARG_END};
    bool one_role = field_present(in->present, USERS_ROLE);
    int64_t length = in->search == NULL ? 0 : utf8_count(in->search);
    bool beginning = length > 0 && length < PART_MIN;
    const struct query *query = length == 0 ? &USERS_LIST
        : beginning                         ? &USERS_SEARCH_BEGINNING
                                            : &USERS_SEARCH_PART;
    const struct db_arg args[] = {
        arg_time(in->cursor.created_at),
        arg_opt_int(cursor_number(&in->cursor)),
        arg_text(one_role ? user_role_names[in->role] : NULL),
        arg_bool(in->blocked_only),
        arg_int(in->only),
        arg_int(in->seen_by),
        arg_text(user_role_names[in->seen_rank]),
        arg_int(in->limit + 1),
        length == 0     ? none
            : beginning ? arg_text(in->search)
                        : arg_text(escaped(in->search, db->arena)),
        beginning ? arg_int(length) : none,
        none,
    };

    return db_all(db, query, args, users, err);
}

struct cursor
user_cursor(const void *record, struct arena *arena)
{
    const struct user *user = record;

    return (struct cursor){user->created_at, arena_printf(arena, "%" PRId64, user->telegram_id)};
}

struct user_ids {
    const char *ids;
};

static const struct field ids_fields[] = {
    F_TEXT(struct user_ids, ids, F_REQUIRED, 2, INT64_MAX),
};
static const struct schema ids_schema = SCHEMA(struct user_ids, ids_fields);

static const struct query USER_IDS = {
    .name = "user_ids",
    .sql = "select coalesce(array_agg(telegram_id), '{}')::text as ids from (select telegram_id"
           " from tg_user where telegram_id > $1 order by telegram_id limit 20000) page",
    .row = &ids_schema,
};

bool
user_ids(struct db *db, int64_t after, const char **ids, struct err *err)
{
    struct user_ids page;

    if (!db_one(db, &USER_IDS, DB_ARGS(arg_int(after)), &page, err))
        return false;
    *ids = page.ids;
    return true;
}

/* -- one user ------------------------------------------------------------------------------ */

static const struct query USER_GET = {
    .name = "user_get",
    .sql = "select " USER_COLUMNS " from tg_user where telegram_id = $1",
    .row = &user_schema,
    .missing = ERR_USER_NOT_FOUND,
};

bool
user_get(struct db *db, int64_t telegram_id, struct user *user, struct err *err)
{
    return db_one(db, &USER_GET, DB_ARGS(arg_int(telegram_id)), user, err);
}

static const struct query USER_LOCK = {
    .name = "user_lock",
    .sql = "select " USER_LOCKED " from tg_user where telegram_id = $1 for update",
    .row = &user_locked_schema,
    .missing = ERR_USER_NOT_FOUND,
};

bool
user_lock(struct db *db, int64_t telegram_id, struct user *user, struct err *err)
{
    return db_one(db, &USER_LOCK, DB_ARGS(arg_int(telegram_id)), user, err);
}

static const struct query USER_INSERT = {
    .name = "user_insert",
    .sql = "with fresh as (insert into tg_user (telegram_id, devices_max, role)"
           " values ($1, $2, $3::user_role) returning *),"
           " audited as (insert into audit_log"
           " (request_id, token_name, actor_telegram_id, action, subject, after)"
           " select $4, $5, $6::bigint, 'users.create', 'user:' || telegram_id,"
           " jsonb_build_object('devices_max', devices_max, 'role', role) from fresh)"
           " select " USER_COLUMNS " from fresh",
    .row = &user_schema,
    .duplicate = ERR_USER_EXISTS,
};

bool
user_insert(struct db *db, const struct actor *actor, const struct user_new *in, int role,
    struct user *user, struct err *err)
{
    return db_one(db, &USER_INSERT,
        DB_ARGS(arg_int(in->telegram_id), arg_int(in->devices_max), arg_text(user_role_names[role]),
            arg_text(actor->request_id), arg_text(actor->token_name), arg_actor(actor)),
        user, err);
}

/* What is null stays; what is left of a name after trimming may be nothing. */
static const struct query USER_UPDATE_PROFILE = {
    .name = "user_update_profile",
    .sql = "update tg_user set telegram_username = case when $2::text is null then"
           " telegram_username else nullif(btrim(ltrim(btrim($2), '@')), '') end,"
           " telegram_first_name = case when $3::text is null then telegram_first_name"
           " else nullif(btrim($3), '') end,"
           " telegram_last_name = case when $4::text is null then telegram_last_name"
           " else nullif(btrim($4), '') end,"
           " updated_at = now() where telegram_id = $1 returning " USER_COLUMNS,
    .row = &user_schema,
    .missing = ERR_USER_NOT_FOUND,
};

bool
user_update_profile(struct db *db, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err)
{
    return db_one(db, &USER_UPDATE_PROFILE,
        DB_ARGS(arg_int(telegram_id), arg_text(in->telegram_username),
            arg_text(in->telegram_first_name), arg_text(in->telegram_last_name)),
        user, err);
}
