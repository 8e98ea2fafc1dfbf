#include "store/access.h"

#include "store/connection_columns.h"
#include "store/peers.h"
#include "store/revision_columns.h"

/* What a peer row has of a configuration that is an argument of the statement. */
#define PEER_FROM_CONFIG(config)                                                                   \
    " " config "::jsonb #>> '{peer,preshared_key}',"                                               \
    " jsonb_build_array((" config "::jsonb ->> 'assigned_ip') || '/32'), 'active', now()"

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

#define CONNECTION_ISSUED                                                                          \
    "issued as (insert into connection_revision (id, connection_id, slot, status,"                 \
    " credential_key, camouflage_sni_id, effective_config_json, created_at)"                       \
    " select $13::uuid, f.id, 0, 'active', $14, $15::int, $16::jsonb, f.created_at from fresh f)"

static const struct query CONNECTION_INSERT_ISSUED = {
    .name = "connection_insert_issued",
    .sql = "with " OUTBOX_ASKED ", " CONNECTION_FRESH ", " CONNECTION_ISSUED ","
           " changed (id, protocol, mode, ver, gone, revokes) as"
           " (select id::text, protocol, mode, ver, false, false from fresh),"
           " " OUTBOX_LOGGED ", " CONNECTION_AUDITED " select " CONNECTION_COLUMNS
           " from fresh c" CONNECTION_JOINS,
    .row = &connection_row_schema,
    .duplicate = ERR_WG_EXISTS,
};

static const struct query CONNECTION_INSERT_PEER = {
    .name = "connection_insert_peer",
    .sql = "with " OUTBOX_ASKED ", " CONNECTION_FRESH ", " CONNECTION_ISSUED ","
           " peer as (insert into wireguard_peer" PEER_COLUMNS
           " select $17::uuid, f.user_id, f.device_id, $14, $18::uuid," PEER_FROM_CONFIG(
               "$16") " from fresh f" PEER_REPLACED "),"
                      " versioned as (update device d set wg_ver = d.wg_ver + 1 from fresh f"
                      " where d.id = f.device_id returning d.id, d.wg_ver),"
                      " changed (id, protocol, mode, ver, gone, revokes) as"
                      " (select 'wg:' || v.id, f.protocol, f.mode, v.wg_ver, false, false"
                      " from fresh f cross join versioned v),"
                      " " OUTBOX_LOGGED ", " CONNECTION_AUDITED " select " CONNECTION_COLUMNS
                      " from fresh c" CONNECTION_JOINS,
    .row = &connection_row_schema,
    .duplicate = ERR_WG_EXISTS,
};

static const struct query *
insert_query(const struct revision_new *first)
{
    if (first == NULL)
        return &CONNECTION_INSERT;
    return first->peer == NULL ? &CONNECTION_INSERT_ISSUED : &CONNECTION_INSERT_PEER;
}

static struct db_arg
arg_end(void)
{
    return (struct db_arg){.type = ARG_END};
}

bool
connection_insert(struct db *db, const struct asked *asked, const struct connection_new *in,
    const struct revision_new *first, struct connection *connection, struct err *err)
{
    static const struct revision_new none = {0};
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
        first == NULL ? arg_end() : arg_text(issued->credential_key),
        arg_opt_int(issued->camouflage_sni_id),
        arg_text(issued->effective_config_json),
        issued->peer == NULL ? arg_end() : arg_text(issued->peer->id),
        issued->peer == NULL ? arg_end() : arg_text(issued->peer->lease_id),
        arg_end(),
    };

    return db_one(db, insert_query(first), args, connection, err);
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
    " from after l where c.id = $5::uuid returning c.*)"

#define CONNECTION_CHANGED                                                                         \
    "changed (id, protocol, mode, ver, gone, revokes) as"                                          \
    " (select b.id::text, b.protocol, b.mode, b.ver, l.gone, l.revokes"                            \
    " from bumped b cross join after l)"

/* `versioned` has the device when its peer is another one from now on. */
#define PEER_CHANGED                                                                               \
    "changed (id, protocol, mode, ver, gone, revokes) as"                                          \
    " (select 'wg:' || v.id, b.protocol, b.mode, v.wg_ver, l.gone, l.revokes"                      \
    " from bumped b, after l, versioned v)"

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

#define REVISION_FRESH                                                                             \
    "shown as (insert into connection_revision (id, connection_id, slot, status,"                  \
    " credential_key, camouflage_sni_id, effective_config_json, created_at)"                       \
    " values ($10::uuid, $5::uuid, 0, 'active', $11, $12::int, $13::jsonb,"                        \
    " clock_timestamp()) returning *)"

static const struct query REVISION_INSERT = {
    .name = "revision_insert",
    .sql = "with " OUTBOX_ASKED ", " REVISIONS_PLACED ", " CONNECTION_CHANGED ", " REVISION_FRESH
           ", " OUTBOX_LOGGED ", " REVISION_AUDITED REVISION_SHOWN,
    .row = &revision_row_schema,
};

static const struct query REVISION_INSERT_PEER = {
    .name = "revision_insert_peer",
    .sql = "with " OUTBOX_ASKED ", " REVISIONS_PLACED ", " REVISION_FRESH ","
           " peer as (insert into wireguard_peer" PEER_COLUMNS
           " select $14::uuid, b.user_id, b.device_id, $11, $15::uuid," PEER_FROM_CONFIG(
               "$13") " from bumped b" PEER_REPLACED "),"
                      " versioned as (update device d set wg_ver = d.wg_ver + 1 from bumped b"
                      " where d.id = b.device_id returning d.id, d.wg_ver),"
                      " " PEER_CHANGED ", " OUTBOX_LOGGED ", " REVISION_AUDITED REVISION_SHOWN,
    .row = &revision_row_schema,
};

#define REVISION_CHOSEN "shown as (select * from placed where id = coalesce($6::uuid, $7::uuid))"

static const struct query REVISION_PLACE = {
    .name = "revision_place",
    .sql = "with " OUTBOX_ASKED ", " REVISIONS_PLACED ", " CONNECTION_CHANGED ", " REVISION_CHOSEN
           ", " OUTBOX_LOGGED ", " REVISION_AUDITED REVISION_SHOWN,
    .row = &revision_row_schema,
};

/* Nodes know slot 0 alone: only when that is another revision, or none, is there a change. */
static const struct query REVISION_PLACE_PEER = {
    .name = "revision_place_peer",
    .sql =
        "with " OUTBOX_ASKED ", " REVISIONS_PLACED ", " REVISION_CHOSEN ","
        " switched as (select b.device_id, f.effective_config_json as config, l.gone"
        " from bumped b cross join after l left join placed f on f.status = 'active' and f.slot = 0"
        " where l.gone or f.id is distinct from (select id from held where status = 'active'"
        " and slot = 0)),"
        " leaving as (select device_id from switched where gone),"
        " rekeyed as (update wireguard_peer p set preshared_key ="
        " s.config #>> '{peer,preshared_key}', updated_at = now(), peer_public_key ="
        " coalesce(s.config ->> 'device_public_key', p.peer_public_key)"
        " from switched s where p.device_id = s.device_id and not s.gone),"
        " " PEERS_DROPPED ","
        " versioned as (update device d set wg_ver = d.wg_ver + 1 from switched s"
        " where d.id = s.device_id returning d.id, d.wg_ver),"
        " " PEER_CHANGED ", " OUTBOX_LOGGED ", " REVISION_AUDITED REVISION_SHOWN,
    .row = &revision_row_schema,
};

bool
revision_insert(struct db *db, const struct asked *asked, const struct revision_new *in,
    struct revision *revision, struct err *err)
{
    bool tunnel = in->peer != NULL;
    const struct db_arg args[] = {
        arg_text(asked->actor->request_id),
        arg_text(asked->actor->token_name),
        arg_actor(asked->actor),
        arg_text(asked->targets),
        arg_text(in->connection_id),
        arg_text(NULL),
        arg_text(NULL),
        arg_int(1),
        arg_text("revisions.issue"),
        arg_text(in->id),
        arg_text(in->credential_key),
        arg_opt_int(in->camouflage_sni_id),
        arg_text(in->effective_config_json),
        tunnel ? arg_text(in->peer->id) : arg_end(),
        tunnel ? arg_text(in->peer->lease_id) : arg_end(),
        arg_end(),
    };

    return db_one(db, tunnel ? &REVISION_INSERT_PEER : &REVISION_INSERT, args, revision, err);
}

struct placing {
    const char *action;       /* for the audit log */
    const char *first, *gone; /* one of them */
};

static bool
place(struct db *db, const struct asked *asked, const struct holding *holding,
    const struct placing *placing, struct revision *revision, struct err *err)
{
    bool tunnel = holding->protocol == PROTOCOL_WIREGUARD;

    return db_one(db, tunnel ? &REVISION_PLACE_PEER : &REVISION_PLACE,
        DB_ARGS(arg_text(asked->actor->request_id), arg_text(asked->actor->token_name),
            arg_actor(asked->actor), arg_text(asked->targets), arg_text(holding->connection_id),
            arg_text(placing->first), arg_text(placing->gone), arg_int(0),
            arg_text(placing->action)),
        revision, err);
}

bool
revision_raise(struct db *db, const struct asked *asked, const struct holding *holding,
    struct revision *revision, struct err *err)
{
    const struct placing placing = {"revisions.activate", .first = holding->revision_id};

    return place(db, asked, holding, &placing, revision, err);
}

bool
revision_drop(struct db *db, const struct asked *asked, const struct holding *holding,
    struct revision *revision, struct err *err)
{
    const struct placing placing = {"revisions.revoke", .gone = holding->revision_id};

    return place(db, asked, holding, &placing, revision, err);
}
