#include "store/reissue.h"

static const struct field issued_fields[] = {
    F_UUID(struct issued_row, id, F_REQUIRED),
    F_UUID(struct issued_row, connection_id, F_REQUIRED),
    F_JSON(struct issued_row, effective_config_json, F_REQUIRED),
};
static const struct schema issued_schema = SCHEMA(struct issued_row, issued_fields);

static const struct query ISSUED_READ = {
    .name = "issued_read",
    .sql = "select r.id, r.connection_id, r.effective_config_json"
           " from jsonb_array_elements_text($1::jsonb) with ordinality as k (key, place)"
           " join connection_revision r on r.connection_id = k.key::uuid and r.status = 'active'"
           " and jsonb_typeof(r.effective_config_json) = 'object'"
           " order by k.place, r.slot",
    .row = &issued_schema,
};

bool
issued_read(struct db *db, const char *connections, struct list *rows, struct err *err)
{
    return db_all(db, &ISSUED_READ, DB_ARGS(arg_text(connections)), rows, err);
}

struct reissued {
    int64_t events;
};

static const struct field reissued_fields[] = {
    F_INT(struct reissued, events, F_REQUIRED, 0, INT64_MAX),
};
static const struct schema reissued_schema = SCHEMA(struct reissued, reissued_fields);

static const struct query REISSUE_WRITE = {
    .name = "reissue_write",
    .sql =
        "with " OUTBOX_ASKED ","
        " patched as (update connection_revision r set effective_config_json = p.config"
        " from jsonb_to_recordset($6::jsonb) as p (id uuid, config jsonb) where r.id = p.id"
        " returning r.id),"
        " bumped as (update connection c set ver = c.ver + 1"
        " from jsonb_array_elements_text($5::jsonb) k (key) where c.id = k.key::uuid returning c.*),"
        " versioned as (update device d set wg_ver = d.wg_ver + 1 from bumped b"
        " where b.protocol = 'wireguard' and d.id = b.device_id returning d.id, d.wg_ver),"
        " changed (id, protocol, mode, ver, gone, revokes) as"
        " (select coalesce('wg:' || v.id, b.id::text), b.protocol, b.mode,"
        " coalesce(v.wg_ver, b.ver), false, false from bumped b left join versioned v"
        " on v.id = b.device_id and b.protocol = 'wireguard'),"
        " " OUTBOX_LOGGED ", audited as (insert into audit_log"
        " (request_id, token_name, actor_telegram_id, action, subject, after)"
        " select a.request_id, a.token_name, a.actor_telegram_id, 'dispatch.reissue', $7,"
        " jsonb_build_object('connections', (select count(*) from bumped), 'rebuilt_revisions',"
        " (select count(*) from patched)) from asked a)"
        " select count(*) as events from changed c cross join asked a"
        " cross join jsonb_to_recordset(a.targets) as t (protocol text, mode text)"
        " where t.protocol = c.protocol::text and t.mode = c.mode::text",
    .row = &reissued_schema,
};

bool
reissue_write(struct db *db, const struct asked *asked, const struct reissue_change *change,
    int64_t *events, struct err *err)
{
    struct reissued reissued;

    if (!db_one(db, &REISSUE_WRITE,
            DB_ARGS(arg_text(asked->actor->request_id), arg_text(asked->actor->token_name),
                arg_actor(asked->actor), arg_text(asked->targets), arg_text(change->connections),
                arg_text(change->configs), arg_text(change->subject)),
            &reissued, err))
        return false;
    *events = reissued.events;
    return true;
}
