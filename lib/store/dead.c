#include "store/dead.h"

#include "schema/write.h"

/* What an agent says of its refusals is input: bounded here, before it is kept. */
static const struct field rejection_fields[] = {
    F_TEXT(struct rejection, aggregate_id, F_REQUIRED, 1, 128),
    F_INT(struct rejection, ver, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct rejection, code, F_NULLABLE, 0, 64),
    F_TEXT(struct rejection, detail, F_NULLABLE, 0, 1000),
};

const struct schema rejection_schema = SCHEMA(struct rejection, rejection_fields);

static const struct query DEAD_INSERT = {
    .name = "dead_insert",
    .sql = "insert into delivery_dead (node_id, gen, event_type, aggregate_id, ver, code, detail,"
           " state, created_at)"
           " select $1::uuid, e.gen, e.event_type, r.aggregate_id, r.ver, r.code, r.detail,"
           " 'dead', clock_timestamp()"
           " from (select distinct on (aggregate_id, ver) * from jsonb_to_recordset($3)"
           " as told (aggregate_id text, ver bigint, code text, detail text)"
           " order by aggregate_id, ver) r"
           " join (select from node_cursor where node_id = $1 and lease_token = $4"
           " for key share) held on true"
           " left join lateral (select e.gen, e.event_type from outbox_event e"
           " where e.aggregate_id = r.aggregate_id and e.stream_id = $2 and e.ver <= r.ver"
           " order by e.id desc limit 1) e on true"
           " on conflict (node_id, aggregate_id, ver) do update set code = excluded.code,"
           " detail = excluded.detail, attempts = delivery_dead.attempts + 1"
           " where delivery_dead.state = 'dead' and (delivery_dead.code, delivery_dead.detail)"
           " is distinct from (excluded.code, excluded.detail)",
};

static const char *
rejections_text(const struct list *rejections, struct arena *arena)
{
    struct json_object *json = json_object_new_array();
    const struct rejection *const *all = rejections->at;

    json_adopt(arena, json);
    for (size_t i = 0; i < rejections->count; i++)
        json_object_array_add(json, write_json(&rejection_schema, all[i]));
    return json_text(json);
}

bool
dead_insert(struct db *db, const struct lease *lease, const struct list *rejections, int64_t *news,
    struct err *err)
{
    const char *text = rejections_text(rejections, db->arena);

    return db_exec(db, &DEAD_INSERT,
        DB_ARGS(arg_text(lease->node_id), arg_int(lease->stream_id), arg_text(text),
            arg_int(lease->lease_token)),
        news, err);
}

/* A refused event is passed, too; what was sent of it may have been a later version than its own.
 */
static const struct query DEAD_SUPERSEDE = {
    .name = "dead_supersede",
    .sql = "update delivery_dead d set state = 'superseded', resolved_at = clock_timestamp(),"
           " reason = 'a later version was applied'"
           " where d.node_id = $1 and d.state = 'dead'"
           " and exists (select from outbox_event e where e.aggregate_id = d.aggregate_id"
           " and e.stream_id = $2 and e.ver > d.ver"
           " and e.gen <= ($3::jsonb ->> e.component)::bigint"
           " and not exists (select from delivery_dead x where x.node_id = d.node_id"
           " and x.aggregate_id = d.aggregate_id and x.ver >= e.ver and x.state <> 'superseded'))",
};

bool
dead_supersede(struct db *db, const struct lease *lease, const char *converged, int64_t *closed,
    struct err *err)
{
    return db_exec(db, &DEAD_SUPERSEDE,
        DB_ARGS(arg_text(lease->node_id), arg_int(lease->stream_id), arg_text(converged)), closed,
        err);
}
