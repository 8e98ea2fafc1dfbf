#include "store/letters.h"

#include <inttypes.h>

#include "schema/cursor.h"

static const char *const state_names[] = {[LETTER_DEAD] = "dead",
    [LETTER_REQUEUED] = "requeued",
    [LETTER_SUPERSEDED] = "superseded",
    [LETTER_DISCARDED] = "discarded",
    NULL};

static const struct field letter_fields[] = {
    F_INT(struct letter, id, F_REQUIRED, 1, INT64_MAX),
    F_UUID(struct letter, node_id, F_REQUIRED),
    F_TEXT(struct letter, node_name, F_REQUIRED, 0, 64),
    F_TEXT(struct letter, event_type, F_NULLABLE, 1, 64),
    F_TEXT(struct letter, aggregate_id, F_REQUIRED, 1, 128),
    F_INT(struct letter, ver, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct letter, code, F_NULLABLE, 0, INT32_MAX),
    F_TEXT(struct letter, detail, F_NULLABLE, 0, INT32_MAX),
    F_INT(struct letter, attempts, F_REQUIRED, 0, INT64_MAX),
    F_ENUM(struct letter, state, F_REQUIRED, state_names),
    F_TEXT(struct letter, reason, F_NULLABLE, 0, INT32_MAX),
    F_TIME(struct letter, created_at, F_REQUIRED),
    F_TIME(struct letter, resolved_at, F_NULLABLE),
    F_TEXT(struct letter, resolved_by, F_NULLABLE, 0, INT32_MAX),
};
const struct schema letter_schema = SCHEMA(struct letter, letter_fields);

static const struct field audit_fields[] = {
    F_UUID(struct letter, node_id, F_REQUIRED),
    F_TEXT(struct letter, aggregate_id, F_REQUIRED, 1, 128),
    F_INT(struct letter, ver, F_REQUIRED, 0, INT64_MAX),
    F_ENUM(struct letter, state, F_REQUIRED, state_names),
};
const struct schema letter_audit_schema = SCHEMA(struct letter, audit_fields);

static const struct field query_fields[] = {
    F_INT(struct letters_query, limit, F_OPTIONAL, 1, 1000),
    F_CURSOR(struct letters_query, cursor),
    F_UUID(struct letters_query, node_id, F_OPTIONAL),
    F_TEXT(struct letters_query, aggregate_id, F_OPTIONAL, 1, 128),
    F_TEXT(struct letters_query, code, F_OPTIONAL, 1, 64),
};
static const struct letters_query query_defaults = {.limit = 200};
const struct schema letters_query_schema =
    SCHEMA_FROM(struct letters_query, query_fields, &query_defaults);

#define COLUMNS                                                                                    \
    " d.id, d.node_id, coalesce(p.name, '') as node_name, d.event_type, d.aggregate_id, d.ver,"    \
    " d.code, d.detail, d.attempts, d.state, d.reason, d.created_at, d.resolved_at, d.resolved_by"
#define NODE " left join node_endpoint p on p.id = d.node_id"

static const struct query LETTERS_LIST = {
    .name = "letters_list",
    .sql = "select" COLUMNS " from delivery_dead d" NODE " where d.state = 'dead'"
           " and ($1::timestamptz is null or (d.created_at, d.id) < ($1, $2::bigint))"
           " and ($3::uuid is null or d.node_id = $3)"
           " and ($4::text is null or d.aggregate_id = $4) and ($5::text is null or d.code = $5)"
           " order by d.created_at desc, d.id desc limit $6",
    .plan = PLAN_CUSTOM,
    .row = &letter_schema,
};

bool
letters_list(struct db *db, const struct letters_query *in, struct list *letters, struct err *err)
{
    return db_all(db, &LETTERS_LIST,
        DB_ARGS(arg_time(in->cursor.created_at), arg_opt_int(cursor_number(&in->cursor)),
            arg_text(in->node_id), arg_text(in->aggregate_id), arg_text(in->code),
            arg_int(in->limit + 1)),
        letters, err);
}

struct cursor
letter_cursor(const void *record, struct arena *arena)
{
    const struct letter *letter = record;

    return (struct cursor){letter->created_at, arena_printf(arena, "%" PRId64, letter->id)};
}

static const struct query LETTER_LOCK = {
    .name = "letter_lock",
    .sql = "select" COLUMNS " from delivery_dead d" NODE " where d.id = $1 for update of d",
    .row = &letter_schema,
    .missing = ERR_DEAD_NOT_FOUND,
};

bool
letter_lock(struct db *db, int64_t id, struct letter *letter, struct err *err)
{
    return db_one(db, &LETTER_LOCK, DB_ARGS(arg_int(id)), letter, err);
}

#define DISCARD                                                                                    \
    "update delivery_dead set state = 'discarded', reason = $2, resolved_by = $3,"                 \
    " resolved_at = clock_timestamp() where state = 'dead' and "

static const struct query LETTER_DISCARD = {
    .name = "letter_discard",
    .sql = "with d as (" DISCARD "id = $1 returning *) select" COLUMNS " from d" NODE,
    .row = &letter_schema,
    .missing = ERR_DEAD_RESOLVED,
};

bool
letter_discard(
    struct db *db, int64_t id, const struct letter_end *end, struct letter *letter, struct err *err)
{
    return db_one(db, &LETTER_DISCARD,
        DB_ARGS(arg_int(id), arg_text(end->reason), arg_text(end->by)), letter, err);
}

static const struct query LETTERS_DISCARD_OF_NODE = {
    .name = "letters_discard_of_node",
    .sql = DISCARD "node_id = $1",
};

bool
letters_discard_of_node(
    struct db *db, const char *node_id, const struct letter_end *end, struct err *err)
{
    return db_exec(db, &LETTERS_DISCARD_OF_NODE,
        DB_ARGS(arg_text(node_id), arg_text(end->reason), arg_text(end->by)), NULL, err);
}
