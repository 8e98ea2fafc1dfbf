#include "store/access.h"

#include "store/connection_columns.h"
#include "store/revision_columns.h"

/* -- a new connection ---------------------------------------------------------------------- */

#define CONNECTION_FRESH                                                                           \
    "fresh as (insert into connection (id, user_id, device_id, protocol, mode, variant,"           \
    " profile_name, custom_overrides_json, status, ver, created_at)"                               \
    " select $5::uuid, $6::bigint, $7::uuid, $8::connection_protocol, $9::connection_mode,"        \
    " $10::connection_variant, $11, $12::jsonb, 'active', 1, now()"                                \
    " returning *)"

#define CONNECTION_AUDITED                                                                         \
    "audited as (insert into audit_log"                                                            \
    " (request_id, token_name, actor_telegram_id, action, subject, after)"                         \
    " select a.request_id, a.token_name, a.actor_telegram_id, 'connections.create',"               \
    " 'connection:' || f.id, jsonb_build_object('user_id', f.user_id, 'device_id', f.device_id,"   \
    " 'protocol', f.protocol, 'mode', f.mode, 'variant', f.variant, 'revision_id', $13::uuid)"     \
    " from asked a cross join fresh f)"

static const struct query CONNECTION_INSERT = {
    .name = "connection_insert",
    .sql = "with " OUTBOX_ASKED ", " CONNECTION_FRESH ", " CONNECTION_AUDITED
           " select " CONNECTION_COLUMNS " from fresh c" CONNECTION_JOINS,
    .row = &connection_row_schema,
    .duplicate = ERR_WG_EXISTS,
};

static const struct query CONNECTION_INSERT_ISSUED = {
    .name = "connection_insert_issued",
    .sql = "with " OUTBOX_ASKED ", " CONNECTION_FRESH ","
           " issued as (insert into connection_revision (id, connection_id, slot, status,"
           " credential_key, camouflage_sni_id, effective_config_json, created_at)"
           " select $13::uuid, f.id, 0, 'active', $14, $15::int, $16::jsonb, f.created_at"
           " from fresh f),"
           " changed (id, protocol, mode, ver, gone, revokes) as"
           " (select id::text, protocol, mode, ver, false, false from fresh),"
           " " OUTBOX_LOGGED ", " CONNECTION_AUDITED " select " CONNECTION_COLUMNS
           " from fresh c" CONNECTION_JOINS,
    .row = &connection_row_schema,
    .duplicate = ERR_WG_EXISTS,
};

bool
connection_insert(struct db *db, const struct asked *asked, const struct connection_new *in,
    const struct revision_new *first, struct connection *connection, struct err *err)
{
    static const struct revision_new none = {0};
    const struct query *query = first == NULL ? &CONNECTION_INSERT : &CONNECTION_INSERT_ISSUED;
    const struct revision_new *issued = first == NULL ? &none : first;
    const struct db_arg args[] = {
        arg_text(asked->actor->request_id),
        arg_text(asked->actor->token_name),
        arg_actor(asked->actor),
        arg_text(asked->targets),
        arg_text(in->id),
        arg_int(in->user_id),
        arg_text(in->device_id),
        arg_text(connection_protocol_names[in->protocol]),
        arg_text(connection_mode_names[in->mode]),
        arg_text(connection_variant_names[in->variant]),
        arg_text(in->profile_name),
        arg_text(in->custom_overrides_json),
        arg_text(issued->id),
        first == NULL ? (struct db_arg){.type = ARG_END} : arg_text(issued->credential_key),
        arg_opt_int(issued->camouflage_sni_id),
        arg_text(issued->effective_config_json),
        {.type = ARG_END},
    };

    return db_one(db, query, args, connection, err);
}

/* -- revisions ----------------------------------------------------------------------------- */

/* $5 the connection, $6 the revision that comes to slot 0 (or null), $7 the one that goes (or
 * null), $8 how many slots are needed below the others. `ranked` has the active ones and $6, each
 * with its place from now on; past the last slot means revoked. The constraint on slots is
 * deferred, so one update permutes them. */
#define REVISIONS_PLACED                                                                           \
    "held as (select id, slot, status, created_at from connection_revision"                        \
    " where connection_id = $5::uuid and status = 'active' union all"                              \
    " select id, slot, status, created_at from connection_revision"                                \
    " where id = $6::uuid and status <> 'active'),"                                                \
    " ranked as (select id, status, case when id = $7::uuid then 3 else $8::int - 1 +"             \
    " row_number() over (order by id is not distinct from $7::uuid,"                               \
    " id is distinct from $6::uuid, slot, created_at, id) end as place from held),"                \
    " placed as (update connection_revision r set"                                                 \
    " slot = case when k.place < 3 then k.place else r.slot end,"                                  \
    " status = (case when k.place < 3 then 'active' else 'revoked' end)"                           \
    "::connection_revision_status,"                                                                \
    " revoked_at = case when k.place < 3 then null else clock_timestamp() end"                     \
    " from ranked k where r.id = k.id returning r.*),"                                             \
    " after as (select $8::int + count(*) filter (where place < 3) = 0 as gone,"                   \
    " coalesce(bool_or(place >= 3 and status = 'active'), false) as revokes from ranked),"         \
    " bumped as (update connection c set ver = c.ver + 1, status = (case when l.gone"              \
    " then 'revoked' else 'active' end)::connection_status"                                        \
    " from after l where c.id = $5::uuid returning c.*),"                                          \
    " changed (id, protocol, mode, ver, gone, revokes) as"                                         \
    " (select b.id::text, b.protocol, b.mode, b.ver, l.gone, l.revokes"                            \
    " from bumped b cross join after l)"

#define REVISION_AUDITED                                                                           \
    "audited as (insert into audit_log"                                                            \
    " (request_id, token_name, actor_telegram_id, action, subject, after)"                         \
    " select a.request_id, a.token_name, a.actor_telegram_id, $9, 'revision:' || r.id,"            \
    " jsonb_build_object('connection_id', c.id, 'connection_status', c.status, 'ver', c.ver,"      \
    " 'slot', r.slot, 'status', r.status) from asked a cross join bumped c"                        \
    " cross join shown r)"

#define REVISION_SHOWN                                                                             \
    " select " REVISION_COLUMNS " from shown r cross join bumped c"                                \
    " join tg_user u on u.telegram_id = c.user_id"

static const struct query REVISION_INSERT = {
    .name = "revision_insert",
    .sql = "with " OUTBOX_ASKED ", " REVISIONS_PLACED ","
           " shown as (insert into connection_revision (id, connection_id, slot, status,"
           " credential_key, camouflage_sni_id, effective_config_json, created_at)"
           " values ($10::uuid, $5::uuid, 0, 'active', $11, $12::int, $13::jsonb,"
           " clock_timestamp()) returning *),"
           " " OUTBOX_LOGGED ", " REVISION_AUDITED REVISION_SHOWN,
    .row = &revision_row_schema,
};

static const struct query REVISION_PLACE = {
    .name = "revision_place",
    .sql = "with " OUTBOX_ASKED ", " REVISIONS_PLACED ","
           " shown as (select * from placed where id = coalesce($6::uuid, $7::uuid)),"
           " " OUTBOX_LOGGED ", " REVISION_AUDITED REVISION_SHOWN,
    .row = &revision_row_schema,
};

bool
revision_insert(struct db *db, const struct asked *asked, const struct revision_new *in,
    struct revision *revision, struct err *err)
{
    return db_one(db, &REVISION_INSERT,
        DB_ARGS(arg_text(asked->actor->request_id), arg_text(asked->actor->token_name),
            arg_actor(asked->actor), arg_text(asked->targets), arg_text(in->connection_id),
            arg_text(NULL), arg_text(NULL), arg_int(1), arg_text("revisions.issue"),
            arg_text(in->id), arg_text(in->credential_key), arg_opt_int(in->camouflage_sni_id),
            arg_text(in->effective_config_json)),
        revision, err);
}

struct placing {
    const char *action;       /* for the audit log */
    const char *first, *gone; /* one of them */
};

static bool
place(struct db *db, const struct asked *asked, const char *connection_id,
    const struct placing *placing, struct revision *revision, struct err *err)
{
    return db_one(db, &REVISION_PLACE,
        DB_ARGS(arg_text(asked->actor->request_id), arg_text(asked->actor->token_name),
            arg_actor(asked->actor), arg_text(asked->targets), arg_text(connection_id),
            arg_text(placing->first), arg_text(placing->gone), arg_int(0),
            arg_text(placing->action)),
        revision, err);
}

bool
revision_raise(struct db *db, const struct asked *asked, const struct holding *holding,
    struct revision *revision, struct err *err)
{
    const struct placing placing = {"revisions.activate", .first = holding->revision_id};

    return place(db, asked, holding->connection_id, &placing, revision, err);
}

bool
revision_drop(struct db *db, const struct asked *asked, const struct holding *holding,
    struct revision *revision, struct err *err)
{
    const struct placing placing = {"revisions.revoke", .gone = holding->revision_id};

    return place(db, asked, holding->connection_id, &placing, revision, err);
}

/* -- many at once -------------------------------------------------------------------------- */

#define REVOKE_WHERE                                                                               \
    "with " OUTBOX_ASKED ","                                                                       \
    " gone as (update connection set status = 'revoked', ver = ver + 1 where status = 'active' and "

#define REVOKE_REST                                                                                \
    " returning id, protocol, mode, ver),"                                                         \
    " ended as (update connection_revision r set status = 'revoked',"                              \
    " revoked_at = clock_timestamp() from gone g"                                                  \
    " where r.connection_id = g.id and r.status = 'active'),"                                      \
    " changed (id, protocol, mode, ver, gone, revokes) as"                                         \
    " (select id::text, protocol, mode, ver, true, true from gone),"                               \
    " " OUTBOX_LOGGED " select count(*) from gone"

struct count {
    int64_t count;
};

static const struct field count_fields[] = {
    F_INT(struct count, count, F_REQUIRED, 0, INT64_MAX),
};
static const struct schema count_schema = SCHEMA(struct count, count_fields);

static const struct query CONNECTIONS_REVOKE[] = {
    [OF_ITSELF] = {.name = "connection_revoke",
        .sql = REVOKE_WHERE "id = $5::uuid" REVOKE_REST,
        .row = &count_schema},
    [OF_DEVICE] = {.name = "device_connections_revoke",
        .sql = REVOKE_WHERE "device_id = $5::uuid" REVOKE_REST,
        .row = &count_schema},
    [OF_USER] = {.name = "user_connections_revoke",
        .sql = REVOKE_WHERE "user_id = $5::bigint" REVOKE_REST,
        .row = &count_schema},
    [OF_USERS] = {.name = "users_connections_revoke",
        .sql = REVOKE_WHERE "user_id = any ($5::bigint[])" REVOKE_REST,
        .row = &count_schema},
};

bool
connections_revoke(struct db *db, const struct asked *asked, const struct connections_of *of,
    int64_t *count, struct err *err)
{
    struct count revoked;

    if (!db_one(db, &CONNECTIONS_REVOKE[of->owner],
            DB_ARGS(arg_text(asked->actor->request_id), arg_text(asked->actor->token_name),
                arg_actor(asked->actor), arg_text(asked->targets), arg_text(of->id)),
            &revoked, err))
        return false;
    if (count != NULL)
        *count = revoked.count;
    return true;
}
