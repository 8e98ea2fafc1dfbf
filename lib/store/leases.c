#include "store/leases.h"

#include "schema/write.h"

#define WORD_MAX 255

/* -- claiming ------------------------------------------------------------------------------ */

static const struct field lease_fields[] = {
    F_UUID(struct lease, node_id, F_REQUIRED),
    F_TEXT(struct lease, name, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct lease, base_url, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct lease, stream_id, F_REQUIRED, 1, INT16_MAX),
    F_INT(struct lease, acked_gen, F_REQUIRED, 0, INT64_MAX),
    F_JSON(struct lease, converged, F_REQUIRED),
    F_UUID(struct lease, epoch, F_REQUIRED),
    F_INT(struct lease, lease_token, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct lease, fails, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct lease, breaker, F_REQUIRED, 1, WORD_MAX),
    F_BOOL(struct lease, paused, F_REQUIRED),
    F_BOOL(struct lease, want_snapshot, F_REQUIRED),
    F_INT(struct lease, batch_size, F_REQUIRED, 1, INT32_MAX),
    F_BOOL(struct lease, fresh, F_REQUIRED),
    F_BOOL(struct lease, taken_over, F_REQUIRED),
    F_INT(struct lease, dead, F_REQUIRED, 0, INT64_MAX),
};

static const struct schema lease_schema = SCHEMA(struct lease, lease_fields);

#define UNSEEN(cursor)                                                                             \
    "coalesce(" cursor ".last_seen, '-infinity') < clock_timestamp() - interval '15 s'"

/* A paused node is looked at, not written to. */
#define NEEDS_US                                                                                   \
    "((not n.paused and (n.acked_gen < s.gen or n.want_snapshot or n.epoch is null or exists"      \
    " (select from jsonb_each_text(n.converged) c where c.value::bigint < n.acked_gen)))"          \
    " or " UNSEEN("n") ")"

/* A limit with `skip locked` in a subquery may claim more than its limit; a materialized CTE does
 * not. */
static const struct query LEASES_CLAIM = {
    .name = "leases_claim",
    .sql = "with c as materialized (select n.node_id, n.lease_owner as previous, s.floor_gen"
           " from node_cursor n join node_endpoint e on e.id = n.node_id and e.active"
           " join outbox_stream s using (stream_id)"
           " where n.lease_until < clock_timestamp() and n.next_attempt_at <= clock_timestamp()"
           " and " NEEDS_US " order by n.next_attempt_at limit $2 for update of n skip locked)"
           " update node_cursor u set lease_owner = $1, lease_token = u.lease_token + 1,"
           " lease_until = clock_timestamp() + $3::bigint * interval '1 ms'"
           " from c join node_endpoint e on e.id = c.node_id cross join incarnation i"
           " where u.node_id = c.node_id"
           " returning u.node_id, e.name, e.base_url, u.stream_id, u.acked_gen, u.converged,"
           " i.epoch, u.lease_token, u.fails, u.breaker, u.paused,"
           " u.want_snapshot or u.epoch is null or u.acked_gen < c.floor_gen as want_snapshot,"
           " u.batch_size,"
           " not (" UNSEEN(
               "u") ") as fresh,"
                    " c.previous is not null as taken_over, (select count(*) from delivery_dead d"
                    " where d.node_id = u.node_id and d.state = 'dead') as dead",
    .row = &lease_schema,
};

bool
leases_claim(struct db *db, const struct claim *claim, struct list *leases, struct err *err)
{
    return db_all(db, &LEASES_CLAIM,
        DB_ARGS(arg_text(claim->owner), arg_int(claim->limit), arg_int(claim->ttl_ms)), leases,
        err);
}

/* -- keeping and giving back --------------------------------------------------------------- */

static const struct field note_fields[] = {
    F_UUID(struct lease_note, node_id, F_REQUIRED),
    F_INT(struct lease_note, lease_token, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct lease_note, acked_gen, F_REQUIRED, 0, INT64_MAX),
    F_JSON(struct lease_note, converged, F_NULLABLE),
    F_JSON(struct lease_note, components, F_NULLABLE),
    F_TEXT(struct lease_note, boot_id, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct lease_note, version, F_NULLABLE, 0, WORD_MAX),
    F_INT(struct lease_note, fails, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct lease_note, batch_size, F_REQUIRED, 1, INT32_MAX),
    F_TEXT(struct lease_note, breaker, F_REQUIRED, 1, WORD_MAX),
    F_OPT_INT(struct lease_note, seen_ms, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct lease_note, error, F_NULLABLE, 0, WORD_MAX),
    F_BOOL(struct lease_note, snapshot_begun, F_REQUIRED),
    F_BOOL(struct lease_note, snapshot_done, F_REQUIRED),
    F_BOOL(struct lease_note, released, F_REQUIRED),
    F_INT(struct lease_note, wait_ms, F_REQUIRED, 0, INT64_MAX),
};

static const struct schema note_schema = SCHEMA(struct lease_note, note_fields);

static const struct field kept_fields[] = {
    F_UUID(struct lease_kept, node_id, F_REQUIRED),
    F_BOOL(struct lease_kept, active, F_REQUIRED),
    F_BOOL(struct lease_kept, paused, F_REQUIRED),
    F_BOOL(struct lease_kept, want_snapshot, F_REQUIRED),
    F_TEXT(struct lease_kept, base_url, F_REQUIRED, 1, WORD_MAX),
};

static const struct schema kept_schema = SCHEMA(struct lease_kept, kept_fields);

/* A cursor is a hint and a lost extension only shortens the lease, so this commit need not wait for
 * the disk. */
static const struct query LEASES_KEEP = {
    .name = "leases_keep",
    .sql = "with lazy as materialized (select set_config('synchronous_commit', 'off', true))"
           " update node_cursor u set acked_gen = greatest(u.acked_gen, r.acked_gen),"
           " converged = coalesce(jsonb_strip_nulls(r.converged), u.converged),"
           " components = coalesce(r.components, u.components),"
           " boot_id = coalesce(r.boot_id, u.boot_id),"
           " agent_version = coalesce(r.version, u.agent_version),"
           " fails = r.fails, breaker = r.breaker, batch_size = r.batch_size,"
           " last_seen = greatest(u.last_seen, clock_timestamp() - r.seen_ms * interval '1 ms'),"
           " last_error = r.error, want_snapshot = u.want_snapshot and not r.snapshot_begun,"
           " epoch = case when r.snapshot_begun then null when r.snapshot_done then i.epoch"
           " else u.epoch end,"
           " lease_owner = case when not r.released then u.lease_owner end,"
           " lease_until = case when r.released then '-infinity'"
           " else clock_timestamp() + $2::bigint * interval '1 ms' end,"
           " next_attempt_at = case when r.released"
           " then clock_timestamp() + r.wait_ms * interval '1 ms' else u.next_attempt_at end"
           " from lazy, incarnation i, node_endpoint e, jsonb_to_recordset($1) as r (node_id uuid,"
           " lease_token bigint, acked_gen bigint, converged jsonb, components jsonb, boot_id text,"
           " version text, fails int, batch_size int, breaker text, seen_ms bigint, error text,"
           " snapshot_begun bool, snapshot_done bool, released bool, wait_ms bigint)"
           " where u.node_id = r.node_id and u.lease_token = r.lease_token and e.id = u.node_id"
           " returning u.node_id, e.active, u.paused, u.want_snapshot, e.base_url",
    .row = &kept_schema,
};

static const char *
records_text(const struct schema *schema, const struct list *records, struct arena *arena)
{
    struct json_object *json = json_object_new_array();

    json_adopt(arena, json);
    for (size_t i = 0; i < records->count; i++)
        json_object_array_add(
            json, write_json(schema, (const char *)records->at + i * schema->size));
    return json_text(json);
}

bool
leases_keep(
    struct db *db, const struct list *notes, int64_t ttl_ms, struct list *kept, struct err *err)
{
    const char *text = records_text(&note_schema, notes, db->arena);

    return db_all(db, &LEASES_KEEP, DB_ARGS(arg_text(text), arg_int(ttl_ms)), kept, err);
}

/* -- when to look again -------------------------------------------------------------------- */

struct due {
    struct opt_int wait_ms;
};

static const struct field due_fields[] = {
    F_OPT_INT(struct due, wait_ms, F_REQUIRED, INT64_MIN, INT64_MAX),
};

static const struct schema due_schema = SCHEMA(struct due, due_fields);

static const struct query LEASES_DUE = {
    .name = "leases_due",
    .sql = "select ceil(extract(epoch from min(greatest(n.lease_until, n.next_attempt_at))"
           " - clock_timestamp()) * 1000)::bigint as wait_ms"
           " from node_cursor n join node_endpoint e on e.id = n.node_id and e.active"
           " where n.lease_owner is distinct from $1"
           " and greatest(n.lease_until, n.next_attempt_at) > clock_timestamp()",
    .row = &due_schema,
};

bool
leases_due(struct db *db, const char *owner, struct opt_int *wait_ms, struct err *err)
{
    struct due due;

    if (!db_one(db, &LEASES_DUE, DB_ARGS(arg_text(owner)), &due, err))
        return false;
    *wait_ms = due.wait_ms;
    return true;
}

/* -- how all stand ------------------------------------------------------------------------- */

static const struct field standing_fields[] = {
    F_UUID(struct node_standing, node_id, F_REQUIRED),
    F_TEXT(struct node_standing, name, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct node_standing, stream_id, F_REQUIRED, 1, INT16_MAX),
    F_INT(struct node_standing, acked_gen, F_REQUIRED, 0, INT64_MAX),
    F_JSON(struct node_standing, converged, F_REQUIRED),
    F_INT(struct node_standing, fails, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct node_standing, breaker, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct node_standing, dead, F_REQUIRED, 0, INT64_MAX),
    F_OPT_INT(struct node_standing, seen_ms, F_REQUIRED, INT64_MIN, INT64_MAX),
    F_INT(struct node_standing, lag_ms, F_REQUIRED, INT64_MIN, INT64_MAX),
};

static const struct schema standing_schema = SCHEMA(struct node_standing, standing_fields);

static const struct query NODES_STANDING = {
    .name = "nodes_standing",
    .sql = "select n.node_id, e.name, n.stream_id, n.acked_gen, n.converged, n.fails, n.breaker,"
           " (select count(*) from delivery_dead d where d.node_id = n.node_id"
           " and d.state = 'dead') as dead,"
           " (extract(epoch from clock_timestamp() - n.last_seen) * 1000)::bigint as seen_ms,"
           " coalesce((extract(epoch from clock_timestamp() - o.created_at) * 1000)::bigint, 0)"
           " as lag_ms"
           " from node_cursor n join node_endpoint e on e.id = n.node_id and e.active"
           " left join lateral (select created_at from outbox_event o"
           " where o.stream_id = n.stream_id and o.gen > n.acked_gen order by o.gen limit 1) o"
           " on true order by e.name",
    .row = &standing_schema,
};

bool
nodes_standing(struct db *db, struct list *standings, struct err *err)
{
    return db_all(db, &NODES_STANDING, DB_NO_ARGS, standings, err);
}
