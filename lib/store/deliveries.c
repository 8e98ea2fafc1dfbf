#include "store/deliveries.h"

#include "schema/cursor.h"

static const char *const sending_names[] = {[SENDING_PENDING] = "pending",
    [SENDING_SENT] = "sent",
    [SENDING_FAILED] = "failed",
    [SENDING_DEAD] = "dead",
    NULL};

static const struct field sending_fields[] = {
    F_INT(struct sending_row, outbox_event_id, F_REQUIRED, 1, INT64_MAX),
    F_UUID(struct sending_row, node_id, F_REQUIRED),
    F_TEXT(struct sending_row, node_name, F_REQUIRED, 0, 64),
    F_TEXT(struct sending_row, event_type, F_REQUIRED, 1, 64),
    F_TEXT(struct sending_row, aggregate_id, F_REQUIRED, 1, 128),
    F_INT(struct sending_row, ver, F_REQUIRED, 0, INT64_MAX),
    F_ENUM(struct sending_row, status, F_REQUIRED, sending_names),
    F_BOOL(struct sending_row, applied, F_REQUIRED),
    F_INT(struct sending_row, attempts, F_REQUIRED, 0, INT64_MAX),
    F_TIME(struct sending_row, next_attempt_at, F_NULLABLE),
    F_TEXT(struct sending_row, last_error, F_NULLABLE, 0, INT32_MAX),
    F_TIME(struct sending_row, created_at, F_REQUIRED),
};
const struct schema sending_schema = SCHEMA(struct sending_row, sending_fields);

static const struct field query_fields[] = {
    [SENDINGS_LIMIT] = F_INT(struct sendings_query, limit, F_OPTIONAL, 1, 1000),
    [SENDINGS_CURSOR] = F_CURSOR(struct sendings_query, cursor),
    [SENDINGS_NODE] = F_UUID(struct sendings_query, node_id, F_OPTIONAL),
    [SENDINGS_AGGREGATE] = F_TEXT(struct sendings_query, aggregate_id, F_OPTIONAL, 1, 128),
    [SENDINGS_STATUS] = F_ENUM(struct sendings_query, status, F_OPTIONAL, sending_names),
};
static const struct sendings_query query_defaults = {.limit = 200};
const struct schema sendings_query_schema =
    SCHEMA_PATCH(struct sendings_query, query_fields, &query_defaults);

/* -- the parts of the statements ----------------------------------------------------------- */

#define NODES                                                                                      \
    "select c.node_id, c.stream_id, c.acked_gen, c.converged, c.fails, c.next_attempt_at,"         \
    " c.last_error, p.name, p.active from node_cursor c join node_endpoint p on p.id = c.node_id"

/* Of an event e to a node n: its open refusal. Asked for row by row, since the planner would rather
 * read them all. */
#define REFUSAL(columns)                                                                           \
    "(select " columns " from delivery_dead d where d.node_id = n.node_id"                         \
    " and d.aggregate_id = e.aggregate_id and d.ver = e.ver and d.state = 'dead' limit 1)"

#define STATUS                                                                                     \
    "case when " REFUSAL("true") " then 'dead' when e.gen <= n.acked_gen then 'sent'"              \
                                 " when n.fails > 0 then 'failed' else 'pending' end"

/* Of rows e, n and their `status`: what was sent once counts as one attempt. */
#define COLUMNS                                                                                    \
    " e.id as outbox_event_id, n.node_id, n.name as node_name, e.event_type, e.aggregate_id,"      \
    " e.ver, w.status, w.status = 'sent' and"                                                      \
    " coalesce((n.converged ->> e.component)::bigint >= e.gen, false) as applied,"                 \
    " case w.status when 'dead' then d.attempts when 'sent' then 1 when 'failed' then n.fails"     \
    " else 0 end as attempts, case when w.status in ('pending', 'failed')"                         \
    " and isfinite(n.next_attempt_at) then n.next_attempt_at end as next_attempt_at,"              \
    " case w.status when 'dead' then concat_ws(': ', d.code, d.detail) when 'failed'"              \
    " then n.last_error end as last_error, e.created_at"

#define DETAIL                                                                                     \
    " cross join lateral (select " STATUS " as status) w"                                          \
    " left join lateral " REFUSAL("*") " d on w.status = 'dead'"

/* -- of one event -------------------------------------------------------------------------- */

static const struct query SENDINGS_OF_EVENT = {
    .name = "sendings_of_event",
    .sql = "select" COLUMNS " from outbox_event e"
           " join (" NODES " where p.active) n on n.stream_id = e.stream_id" DETAIL
           " where e.id = $1 order by n.name",
    .row = &sending_schema,
};

bool
sendings_of_event(struct db *db, int64_t event_id, struct list *rows, struct err *err)
{
    return db_all(db, &SENDINGS_OF_EVENT, DB_ARGS(arg_int(event_id)), rows, err);
}

/* -- lists --------------------------------------------------------------------------------- */

/* $1 node, $2 status, $3 limit; $4 the event of the last row shown, $5 its node, $6 aggregate. */
static const struct query SENDINGS_OF_AGGREGATE = {
    .name = "sendings_of_aggregate",
    .sql = "select" COLUMNS " from (select e.* from outbox_event e where e.aggregate_id = $6"
           " and ($4::bigint is null or e.id <= $4) offset 0) e"
           " join (" NODES " where case when $1::uuid is null then p.active else p.id = $1 end) n"
           " on n.stream_id = e.stream_id" DETAIL
           " where ($4::bigint is null or e.id < $4 or n.node_id > $5::uuid)"
           " and ($2::text is null or w.status = $2)"
           " order by e.id desc, n.node_id limit $3",
    .row = &sending_schema,
};

/* What the numbers of those after the last row shown are below. That row may still wait for its
 * number, or be so old that it is no more, and then so are those before it. */
#define BELOW                                                                                      \
    " coalesce((select coalesce(gen, 9223372036854775807) from outbox_event"                       \
    " where id = $4::bigint limit 1),"                                                             \
    " case when $4::bigint is null then 9223372036854775807 else 0 end)"

/* The log of a node's role from the newest row down: first those that wait for their number, by id,
 * then by number. Of a status only the part of the log that can have it is walked. */
#define WALK(where, order)                                                                         \
    "(select e.* from n cross join lateral (select e.* from outbox_event e"                        \
    " where e.stream_id = n.stream_id and " where " and ($2::text is null or " STATUS " = $2)"     \
    " order by " order " desc limit $3) e where ($2 is distinct from 'pending' or n.fails = 0)"    \
    " and ($2 is distinct from 'failed' or n.fails > 0))"

#define WAITING "e.gen is null and $2 is distinct from 'sent' and ($4::bigint is null or e.id < $4)"

#define NUMBERED                                                                                   \
    "e.gen is not null and e.gen <" BELOW                                                          \
    " and e.gen > (case when $2 in ('pending', 'failed') then n.acked_gen else 0 end)"             \
    " and e.gen <= (case when $2 = 'sent' then n.acked_gen else 9223372036854775807 end)"

static const struct query SENDINGS_OF_NODE = {
    .name = "sendings_of_node",
    .sql = "with n as materialized (" NODES " where p.id = $1::uuid),"
           " e as (" WALK(WAITING, "e.id") " union all " WALK(
               NUMBERED, "e.gen") ")"
                                  " select" COLUMNS " from n cross join e" DETAIL
                                  " order by e.gen desc nulls first, e.id desc limit $3",
    .row = &sending_schema,
};

/* What a node has refused is few among what it has taken, so that is walked. */
static const struct query SENDINGS_DEAD_OF_NODE = {
    .name = "sendings_dead_of_node",
    .sql = "select" COLUMNS " from (" NODES " where p.id = $1::uuid) n"
           " cross join lateral (select d.* from delivery_dead d where d.node_id = $1::uuid"
           " and d.state = 'dead' and d.gen <" BELOW " order by d.gen desc limit $3) d"
           " cross join lateral (select e.* from outbox_event e where e.stream_id = n.stream_id"
           " and e.gen = d.gen limit 1) e cross join (select $2::text as status) w"
           " order by d.gen desc",
    .row = &sending_schema,
};

static const struct query *
query_of(const struct sendings_query *in, bool one_status)
{
    if (in->aggregate_id != NULL)
        return &SENDINGS_OF_AGGREGATE;
    return one_status && in->status == SENDING_DEAD ? &SENDINGS_DEAD_OF_NODE : &SENDINGS_OF_NODE;
}

bool
sendings_list(struct db *db, const struct sendings_query *in, struct list *rows, struct err *err)
{
    bool one_status = field_present(in->present, SENDINGS_STATUS);
    struct opt_int event = {in->cursor.created_at != USEC_NONE, in->cursor.created_at};
    const struct db_arg args[] = {
        arg_text(in->node_id),
        arg_text(one_status ? sending_names[in->status] : NULL),
        arg_int(in->limit + 1),
        arg_opt_int(event),
        in->aggregate_id == NULL ? (struct db_arg){.type = ARG_END}
                                 : arg_text(cursor_uuid(&in->cursor)),
        arg_text(in->aggregate_id),
        {.type = ARG_END},
    };

    return db_all(db, query_of(in, one_status), args, rows, err);
}

/* A place is an event, as the number that a cursor has, and a node. */
struct cursor
sending_cursor(const void *record, struct arena *arena)
{
    const struct sending_row *row = record;

    (void)arena; /* for those whose id must be written first */
    return (struct cursor){row->outbox_event_id, row->node_id};
}
