#include "store/dispatch.h"

#include "store/nodes.h"

static const struct field status_fields[] = {
    F_UUID(struct node_status, node_id, F_REQUIRED),
    F_TEXT(struct node_status, name, F_REQUIRED, 0, 64),
    F_ENUM(struct node_status, role, F_REQUIRED, node_role_names),
    F_BOOL(struct node_status, active, F_REQUIRED),
    F_BOOL(struct node_status, paused, F_REQUIRED),
    F_TEXT(struct node_status, pause_reason, F_NULLABLE, 0, INT32_MAX),
    F_OPT_BOOL(struct node_status, in_sync, F_REQUIRED),
    F_TIME(struct node_status, digest_at, F_NULLABLE),
    F_INT(struct node_status, behind_events, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct node_status, behind_seconds, F_REQUIRED, 0, INT64_MAX),
    F_JSON(struct node_status, converged, F_REQUIRED),
    F_INT(struct node_status, dead, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct node_status, breaker, F_REQUIRED, 0, 32),
    F_OPT_INT(struct node_status, newer_there, F_REQUIRED, 0, INT32_MAX),
    F_OPT_INT(struct node_status, only_there, F_REQUIRED, 0, INT32_MAX),
    F_OPT_INT(struct node_status, only_here, F_REQUIRED, 0, INT32_MAX),
    F_TIME(struct node_status, last_seen, F_NULLABLE),
    F_TEXT(struct node_status, last_error, F_NULLABLE, 0, INT32_MAX),
    F_TEXT(struct node_status, agent_version, F_NULLABLE, 0, INT32_MAX),
    F_JSON(struct node_status, components, F_NULLABLE),
};

const struct schema node_status_schema = SCHEMA(struct node_status, status_fields);

/* A component that has nothing to do reports the newest generation it knows of; so what is behind
 * is counted from there. */
#define STATUS                                                                                          \
    "with waiting as materialized (select stream_id, count(*), min(created_at) as at"                   \
    " from outbox_event where gen is null group by stream_id)"                                          \
    " select c.node_id, n.name, n.role, n.active, c.paused, c.pause_reason, c.in_sync, c.digest_at,"    \
    " greatest(s.gen - c.acked_gen, 0) + coalesce(w.count, 0) as behind_events,"                        \
    " greatest(extract(epoch from now() - coalesce(o.at, w.at, now())), 0)::bigint"                     \
    " as behind_seconds, coalesce((select jsonb_object_agg(key,"                                        \
    " greatest(s.gen - value::bigint, 0)) from jsonb_each_text(c.converged)), '{}') as converged,"      \
    " (select count(*) from delivery_dead d where d.node_id = c.node_id and d.state = 'dead') as dead," \
    " c.breaker, c.newer_there, c.only_there, c.only_here, c.last_seen, c.last_error,"                  \
    " c.agent_version, c.components from node_cursor c join node_endpoint n on n.id = c.node_id"        \
    " join outbox_stream s on s.stream_id = c.stream_id"                                                \
    " left join waiting w on w.stream_id = c.stream_id"                                                 \
    " left join lateral (select e.created_at as at from outbox_event e"                                 \
    " where e.stream_id = c.stream_id and e.gen > c.acked_gen order by e.gen limit 1) o on true"

static const struct query NODE_STATUSES = {
    .name = "node_statuses",
    .sql = STATUS " order by n.name",
    .row = &node_status_schema,
};

bool
node_statuses(struct db *db, struct list *statuses, struct err *err)
{
    return db_all(db, &NODE_STATUSES, DB_NO_ARGS, statuses, err);
}

static const struct query NODE_STATUS = {
    .name = "node_status",
    .sql = STATUS " where n.id = $1",
    .row = &node_status_schema,
    .missing = ERR_NODE_NOT_FOUND,
};

bool
node_status(struct db *db, const char *id, struct node_status *status, struct err *err)
{
    return db_one(db, &NODE_STATUS, DB_ARGS(arg_text(id)), status, err);
}

/* -- orders ------------------------------------------------------------------------------ */

/* Who has paused a node stays on record; a reason of the dispatcher's own says more than ours. */
static const struct query NODE_OBEY[NODE_ORDERS] = {
    [NODE_RESYNC] = {.name = "node_resync",
        .sql = "update node_cursor set want_snapshot = true where node_id = $1"},
    [NODE_PAUSE] = {.name = "node_pause",
        .sql = "update node_cursor set paused = true, pause_reason = case when paused"
               " then pause_reason else 'asked for by an operator' end where node_id = $1"},
    [NODE_RESUME] = {.name = "node_resume",
        .sql = "update node_cursor set paused = false, pause_reason = null where node_id = $1"},
};

bool
node_obey(struct db *db, const char *id, enum node_order order, struct err *err)
{
    return db_exec(db, &NODE_OBEY[order], DB_ARGS(arg_text(id)), NULL, err);
}
