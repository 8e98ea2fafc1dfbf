#include "store/delivery.h"

#include "store/connections.h"
#include "store/outbox.h"

static const struct field fields[] = {
    F_UUID(struct progress, connection_id, F_REQUIRED),
    F_ENUM(struct progress, status, F_REQUIRED, access_status_names),
    F_TEXT(struct progress, role, F_REQUIRED, 1, 16),
    F_TIME(struct progress, since, F_REQUIRED),
    F_BOOL(struct progress, numbered, F_REQUIRED),
    F_INT(struct progress, nodes, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct progress, seen, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct progress, passed, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct progress, dead, F_REQUIRED, 0, INT64_MAX),
};

static const struct schema progress_schema = SCHEMA(struct progress, fields);

#define PROGRESS                                                                                   \
    "select c.id as connection_id, c.status, t.role, coalesce(e.created_at, c.created_at)"         \
    " as since, e.gen is not null as numbered, n.nodes, n.seen,"                                   \
    " n.passed, n.dead from connection c"                                                          \
    " join jsonb_to_recordset($2::jsonb)" OUTBOX_TARGET                                            \
    " on t.protocol = c.protocol::text and t.mode = c.mode::text"                                  \
    " join outbox_stream s on s.name = 'role:' || t.role"                                          \
    " left join lateral (select e.id, e.gen, e.ver, e.aggregate_id, e.created_at"                  \
    " from outbox_event e where e.aggregate_id = case when c.protocol = 'wireguard'"               \
    " then 'wg:' || c.device_id else c.id::text end and e.stream_id = s.stream_id"                 \
    " order by e.id desc limit 1) e on true"                                                       \
    " cross join lateral (select count(*) as nodes,"                                               \
    " count(*) filter (where n.last_seen > now() - interval '30 seconds') as seen,"                \
    " count(*) filter (where (n.converged ->> t.component)::bigint >= e.gen) as passed,"           \
    " count(*) filter (where exists (select from delivery_dead x where x.node_id = n.node_id"      \
    " and x.aggregate_id = e.aggregate_id and x.ver = e.ver and x.state = 'dead')) as dead"        \
    " from node_cursor n join node_endpoint p on p.id = n.node_id and p.active"                    \
    " where n.stream_id = s.stream_id) n"

static const struct query PROGRESS_OF_CONNECTION = {
    .name = "progress_of_connection",
    .sql = PROGRESS " where c.id = $1 order by t.role desc",
    .row = &progress_schema,
};

static const struct query PROGRESS_OF_DEVICE = {
    .name = "progress_of_device",
    .sql = PROGRESS " where c.device_id = $1 and c.status = 'active'"
                    " order by c.created_at, c.id, t.role desc",
    .row = &progress_schema,
};

bool
progress_of_connection(struct db *db, const char *connection_id, const char *targets,
    struct list *rows, struct err *err)
{
    return db_all(db, &PROGRESS_OF_CONNECTION, DB_ARGS(arg_text(connection_id), arg_text(targets)),
        rows, err);
}

bool
progress_of_device(
    struct db *db, const char *device_id, const char *targets, struct list *rows, struct err *err)
{
    return db_all(
        db, &PROGRESS_OF_DEVICE, DB_ARGS(arg_text(device_id), arg_text(targets)), rows, err);
}
