#include "store/audit_log.h"

#include <inttypes.h>

#include "schema/cursor.h"

/* -- records ------------------------------------------------------------------------------- */

static const struct field entry_fields[] = {
    F_INT(struct audit_entry, id, F_REQUIRED, 1, INT64_MAX),
    F_TIME(struct audit_entry, at, F_REQUIRED),
    F_TEXT(struct audit_entry, request_id, F_NULLABLE, 0, INT32_MAX),
    F_TEXT(struct audit_entry, token_name, F_NULLABLE, 0, INT32_MAX),
    F_OPT_INT(struct audit_entry, actor_telegram_id, F_NULLABLE, 1, INT64_MAX),
    F_TEXT(struct audit_entry, action, F_REQUIRED, 1, INT32_MAX),
    F_TEXT(struct audit_entry, subject, F_REQUIRED, 1, INT32_MAX),
    F_JSON(struct audit_entry, before, F_NULLABLE),
    F_JSON(struct audit_entry, after, F_NULLABLE),
};
const struct schema audit_entry_schema = SCHEMA(struct audit_entry, entry_fields);

static const struct field query_fields[] = {
    [AUDIT_TELEGRAM_ID] = F_INT(struct audit_query, telegram_id, F_OPTIONAL, 1, INT64_MAX),
    [AUDIT_ACTION] = F_TEXT(struct audit_query, action, F_OPTIONAL, 1, 64),
    [AUDIT_SINCE] = F_TIME(struct audit_query, since, F_OPTIONAL),
    [AUDIT_LIMIT] = F_INT(struct audit_query, limit, F_OPTIONAL, 1, 1000),
    [AUDIT_CURSOR] = F_CURSOR(struct audit_query, cursor),
};
static const struct audit_query query_defaults = {.limit = 200};
const struct schema audit_query_schema =
    SCHEMA_PATCH(struct audit_query, query_fields, &query_defaults);

/* -- the list ------------------------------------------------------------------------------ */

#define COLUMNS "id, at, request_id, token_name, actor_telegram_id, action, subject, before, after"

/* $1 and $2 the place, $3 since when, $4 the action, $5 how many. */
#define PAGE                                                                                       \
    "($1::timestamptz is null or (at, id) < ($1, $2::bigint))"                                     \
    " and ($3::timestamptz is null or at >= $3) and ($4::text is null or action = $4)"             \
    " order by at desc, id desc limit $5"

static const struct query AUDIT_LIST = {
    .name = "audit_list",
    .sql = "select " COLUMNS " from audit_log where " PAGE,
    .plan = PLAN_CUSTOM,
    .row = &audit_entry_schema,
};

/* Each half has an index of its own; who did something to himself is in both. */
static const struct query AUDIT_LIST_OF = {
    .name = "audit_list_of",
    .sql = "select " COLUMNS " from ((select " COLUMNS " from audit_log"
           " where subject = 'user:' || $6::bigint and " PAGE ") union (select " COLUMNS
           " from audit_log where actor_telegram_id = $6 and " PAGE ")) either"
           " order by at desc, id desc limit $5",
    .plan = PLAN_CUSTOM,
    .row = &audit_entry_schema,
};

bool
audit_list(struct db *db, const struct audit_query *in, struct list *entries, struct err *err)
{
    const struct db_arg args[] = {
        arg_time(in->cursor.created_at),
        arg_opt_int(cursor_number(&in->cursor)),
        arg_time(in->since),
        arg_text(in->action),
        arg_int(in->limit + 1),
        in->telegram_id == 0 ? (struct db_arg){.type = ARG_END} : arg_int(in->telegram_id),
        {.type = ARG_END},
    };

    return db_all(db, in->telegram_id == 0 ? &AUDIT_LIST : &AUDIT_LIST_OF, args, entries, err);
}

struct cursor
audit_cursor(const void *entry, struct arena *arena)
{
    const struct audit_entry *at = entry;

    return (struct cursor){at->at, arena_printf(arena, "%" PRId64, at->id)};
}
