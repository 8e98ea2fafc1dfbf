#include "store/events.h"

#include <inttypes.h>

#include "schema/cursor.h"
#include "store/event_columns.h"

static const struct field query_fields[] = {
    [EVENTS_LIMIT] = F_INT(struct events_query, limit, F_OPTIONAL, 1, 1000),
    [EVENTS_CURSOR] = F_CURSOR(struct events_query, cursor),
    [EVENTS_TYPE] = F_ENUM(struct events_query, event_type, F_OPTIONAL, event_type_names),
    [EVENTS_AGGREGATE] = F_TEXT(struct events_query, aggregate_id, F_OPTIONAL, 1, 128),
    [EVENTS_SINCE] = F_TIME(struct events_query, since, F_OPTIONAL),
};
static const struct events_query query_defaults = {.limit = 200};
const struct schema events_query_schema =
    SCHEMA_PATCH(struct events_query, query_fields, &query_defaults);

static const struct field place_fields[] = {
    EVENT_FIELDS, F_TEXT(struct event_place, component, F_REQUIRED, 1, 64)};
static const struct schema place_schema = SCHEMA(struct event_place, place_fields);

/* How far the active nodes of each stream are together. */
#define TOGETHER                                                                                   \
    "with together as materialized (select n.stream_id, min(n.acked_gen) as gen"                   \
    " from node_cursor n join node_endpoint p on p.id = n.node_id and p.active"                    \
    " group by n.stream_id)"

/* Of events e in their streams s. */
#define COLUMNS                                                                                    \
    " e.id, e.gen, e.event_type, substr(s.name, 6) as role_target, e.aggregate_id, e.ver,"         \
    " e.idempotency_key, case when (select true from delivery_dead d"                              \
    " join node_cursor n on n.node_id = d.node_id and n.stream_id = e.stream_id"                   \
    " join node_endpoint p on p.id = d.node_id and p.active where d.state = 'dead'"                \
    " and d.aggregate_id = e.aggregate_id and d.ver = e.ver limit 1) then 'failed'"                \
    " when e.gen <= t.gen then 'sent' else 'pending' end as status, e.created_at, e.request_id"

#define STREAMS                                                                                    \
    " join outbox_stream s on s.stream_id = e.stream_id"                                           \
    " left join together t on t.stream_id = e.stream_id"

/* $5 is as late as a row can be: it names the partitions, while the pair names the place. */
#define PAGE_WHERE                                                                                 \
    " ($1::timestamptz is null or (e.created_at, e.id) < ($1, $2::bigint))"                        \
    " and ($4::timestamptz is null or e.created_at >= $4) and e.created_at <= $5::timestamptz"
#define PAGE_ORDER " order by e.created_at desc, e.id desc limit $6"

/* One walk per type, since one index then serves every filter. */
static const struct query EVENTS_LIST = {
    .name = "events_list",
    .sql = TOGETHER
    " select" COLUMNS " from (select e.* from unnest(case when $3::outbox_event_type is null"
    " then enum_range(null::outbox_event_type) else array[$3::outbox_event_type] end) k (type)"
    " cross join lateral (select e.* from outbox_event e where e.event_type = k.type"
    " and" PAGE_WHERE PAGE_ORDER ") e" PAGE_ORDER ") e" STREAMS
    " order by e.created_at desc, e.id desc",
    .plan = PLAN_CUSTOM,
    .row = &event_schema,
};

static const struct query EVENTS_OF_AGGREGATE = {
    .name = "events_of_aggregate",
    .sql = TOGETHER " select" COLUMNS " from (select e.* from (select e.* from outbox_event e"
                    " where e.aggregate_id = $7 offset 0) e"
                    " where ($3::outbox_event_type is null or e.event_type = $3)"
                    " and" PAGE_WHERE PAGE_ORDER ") e" STREAMS
                    " order by e.created_at desc, e.id desc",
    .plan = PLAN_CUSTOM,
    .row = &event_schema,
};

/* No event is from tomorrow, whichever of the two clocks is late. */
static usec_t
latest(const struct cursor *cursor)
{
    return cursor->created_at != USEC_NONE ? cursor->created_at : time_now() + 3600 * USEC_SEC;
}

bool
events_list(struct db *db, const struct events_query *in, struct list *events, struct err *err)
{
    bool one_type = field_present(in->present, EVENTS_TYPE);
    const struct db_arg args[] = {
        arg_time(in->cursor.created_at),
        arg_opt_int(cursor_number(&in->cursor)),
        arg_text(one_type ? event_type_names[in->event_type] : NULL),
        arg_time(in->since),
        arg_time(latest(&in->cursor)),
        arg_int(in->limit + 1),
        in->aggregate_id == NULL ? (struct db_arg){.type = ARG_END} : arg_text(in->aggregate_id),
        {.type = ARG_END},
    };

    return db_all(
        db, in->aggregate_id == NULL ? &EVENTS_LIST : &EVENTS_OF_AGGREGATE, args, events, err);
}

struct cursor
event_cursor(const void *record, struct arena *arena)
{
    const struct event *event = record;

    return (struct cursor){event->created_at, arena_printf(arena, "%" PRId64, event->id)};
}

static const struct query EVENT_GET = {
    .name = "event_get",
    .sql =
        TOGETHER " select" COLUMNS ", e.component from outbox_event e" STREAMS " where e.id = $1",
    .row = &place_schema,
    .missing = ERR_EVENT_NOT_FOUND,
};

bool
event_get(struct db *db, int64_t id, struct event_place *place, struct err *err)
{
    return db_one(db, &EVENT_GET, DB_ARGS(arg_int(id)), place, err);
}
