#include "store/artifacts.h"

#include "store/outbox.h"

#define WORD_MAX 255

static struct db_arg
arg_end(void)
{
    return (struct db_arg){.type = ARG_END};
}

/* By keys: $1 role, $2 targets, $3 keys. By place: $3 after, $4 limit. */
static bool
read_rows(struct db *db, const struct query queries[2], const struct artifact_scope *scope,
    const struct artifact_keys *keys, struct list *rows, struct err *err)
{
    bool by_place = keys->keys == NULL;
    const struct db_arg args[] = {arg_text(scope->role), arg_text(scope->targets),
        arg_text(by_place ? keys->after : keys->keys), by_place ? arg_int(keys->limit) : arg_end(),
        arg_end()};

    return db_all(db, &queries[by_place ? 1 : 0], args, rows, err);
}

/* -- connections --------------------------------------------------------------------------- */

static const struct field credential_fields[] = {
    F_TEXT(struct credential_row, aggregate_id, F_REQUIRED, 1, 128),
    F_OPT_INT(struct credential_row, ver, F_REQUIRED, 0, INT64_MAX),
    F_OPT_INT(struct credential_row, user_id, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct credential_row, component, F_NULLABLE, 1, WORD_MAX),
    F_TEXT(struct credential_row, protocol, F_NULLABLE, 1, WORD_MAX),
    F_TEXT(struct credential_row, mode, F_NULLABLE, 1, WORD_MAX),
    F_TEXT(struct credential_row, variant, F_NULLABLE, 1, WORD_MAX),
    F_UUID(struct credential_row, revision_id, F_NULLABLE),
    F_OPT_INT(struct credential_row, slot, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct credential_row, credential_key, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct credential_row, uuid, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct credential_row, flow, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct credential_row, sni, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct credential_row, username, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct credential_row, password, F_NULLABLE, 0, WORD_MAX),
};

static const struct schema credential_schema = SCHEMA(struct credential_row, credential_fields);

#define TARGETS                                                                                    \
    "jsonb_to_recordset($2::jsonb)" OUTBOX_TARGET                                                  \
    " on t.protocol = c.protocol::text and t.mode = c.mode::text and t.role = $1::text"            \
    " and t.component <> 'wireguard'"

#define CREDENTIAL_COLUMNS                                                                         \
    " c.ver, c.user_id, t.component, c.protocol, c.mode, c.variant, r.id as revision_id, r.slot,"  \
    " r.credential_key, r.effective_config_json ->> 'uuid' as uuid,"                               \
    " r.effective_config_json ->> 'flow' as flow, r.effective_config_json ->> 'sni' as sni,"       \
    " r.effective_config_json #>> '{auth,username}' as username,"                                  \
    " r.effective_config_json #>> '{auth,password}' as password"

/* The walk asks with scalar subqueries: of joins the planner expects a row or two, and then sorts
 * all connections for every page instead of following the key. */
static const struct query CREDENTIALS_READ[] = {
    {
        .name = "credentials_of_keys",
        .sql = "select k.key as aggregate_id," CREDENTIAL_COLUMNS
               " from jsonb_array_elements_text($3::jsonb) with ordinality as k (key, place)"
               " left join connection c on c.id = k.key::uuid left join " TARGETS
               " left join connection_revision r on r.connection_id = c.id"
               " and r.status = 'active' and c.status = 'active' and t.role is not null"
               " order by k.place, r.slot",
        .row = &credential_schema,
    },
    {
        .name = "credentials_after",
        .sql = "select c.id as aggregate_id," CREDENTIAL_COLUMNS
               " from (select c.* from connection c where c.status = 'active'"
               " and c.id > coalesce($3::uuid, '00000000-0000-0000-0000-000000000000')"
               " and (select true from jsonb_to_recordset($2::jsonb)" OUTBOX_TARGET
               " where t.protocol = c.protocol::text"
               " and t.mode = c.mode::text and t.role = $1::text and t.component <> 'wireguard'"
               " limit 1) and (select true from connection_revision r"
               " where r.connection_id = c.id and r.status = 'active' limit 1)"
               " order by c.id limit $4) c join " TARGETS
               " join connection_revision r on r.connection_id = c.id and r.status = 'active'"
               " order by c.id, r.slot",
        .row = &credential_schema,
    },
};

bool
credentials_read(struct db *db, const struct artifact_scope *scope,
    const struct artifact_keys *keys, struct list *rows, struct err *err)
{
    return read_rows(db, CREDENTIALS_READ, scope, keys, rows, err);
}

/* -- peers --------------------------------------------------------------------------------- */

static const struct field peer_fields[] = {
    F_TEXT(struct peer_row, aggregate_id, F_REQUIRED, 1, 128),
    F_OPT_INT(struct peer_row, ver, F_REQUIRED, 0, INT64_MAX),
    F_UUID(struct peer_row, device_id, F_NULLABLE),
    F_TEXT(struct peer_row, variant, F_NULLABLE, 1, WORD_MAX),
    F_UUID(struct peer_row, connection_id, F_NULLABLE),
    F_UUID(struct peer_row, revision_id, F_NULLABLE),
    F_TEXT(struct peer_row, peer_public_key, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct peer_row, preshared_key, F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct peer_row, peer_ip, F_NULLABLE, 0, WORD_MAX),
};

static const struct schema peer_schema = SCHEMA(struct peer_row, peer_fields);

#define PEER_COLUMNS                                                                               \
    " d.wg_ver as ver, d.id as device_id, c.variant, c.id as connection_id, r.id as revision_id,"  \
    " p.peer_public_key, p.preshared_key, split_part(l.ip::text, '/', 1) as peer_ip"

#define PEER_TARGETS                                                                               \
    "exists (select from jsonb_to_recordset($2::jsonb)" OUTBOX_TARGET                              \
    " where t.component = 'wireguard' and t.role = $1::text)"

static const struct query PEERS_READ[] = {
    {
        .name = "peers_of_keys",
        .sql = "select k.key as aggregate_id," PEER_COLUMNS
               " from jsonb_array_elements_text($3::jsonb) with ordinality as k (key, place)"
               " left join device d on d.id = substr(k.key, 4)::uuid"
               " left join connection c on c.device_id = d.id and c.protocol = 'wireguard'"
               " and c.status = 'active' and " PEER_TARGETS
               " left join connection_revision r on r.connection_id = c.id"
               " and r.status = 'active' and r.slot = 0"
               " left join wireguard_peer p on p.device_id = d.id"
               " left join ipam_lease l on l.id = p.lease_id order by k.place",
        .row = &peer_schema,
    },
    {
        .name = "peers_after",
        .sql =
            "select 'wg:' || d.id as aggregate_id," PEER_COLUMNS
            " from wireguard_peer p join device d on d.id = p.device_id"
            " join ipam_lease l on l.id = p.lease_id"
            " join connection c on c.device_id = d.id and c.protocol = 'wireguard'"
            " and c.status = 'active'"
            " join connection_revision r on r.connection_id = c.id and r.status = 'active'"
            " and r.slot = 0 where " PEER_TARGETS
            " and d.id > coalesce(substr($3::text, 4)::uuid, '00000000-0000-0000-0000-000000000000')"
            " order by d.id limit $4",
        .row = &peer_schema,
    },
};

bool
peers_read(struct db *db, const struct artifact_scope *scope, const struct artifact_keys *keys,
    struct list *rows, struct err *err)
{
    return read_rows(db, PEERS_READ, scope, keys, rows, err);
}

/* -- bundles ------------------------------------------------------------------------------- */

static const struct field bundle_fields[] = {
    F_TEXT(struct bundle_row, aggregate_id, F_REQUIRED, 1, 128),
    F_OPT_INT(struct bundle_row, ver, F_REQUIRED, 0, INT64_MAX),
    F_JSON(struct bundle_row, files, F_NULLABLE),
    F_TEXT(struct bundle_row, digest, F_NULLABLE, 0, WORD_MAX),
};

static const struct schema bundle_schema = SCHEMA(struct bundle_row, bundle_fields);

static const struct query BUNDLES_READ[] = {
    {
        .name = "bundles_of_keys",
        .sql = "select k.key as aggregate_id, b.ver, b.files, b.digest"
               " from jsonb_array_elements_text($3::jsonb) with ordinality as k (key, place)"
               " left join bundle b on b.name = k.key and b.role::text = $1::text"
               " and $2::text is not null order by k.place",
        .row = &bundle_schema,
    },
    {
        .name = "bundles_after",
        .sql = "select b.name as aggregate_id, b.ver, b.files, b.digest from bundle b"
               " where b.role::text = $1::text and $2::text is not null"
               " and ($3::text is null or b.name > $3) order by b.name limit $4",
        .row = &bundle_schema,
    },
};

bool
bundles_read(struct db *db, const struct artifact_scope *scope, const struct artifact_keys *keys,
    struct list *rows, struct err *err)
{
    return read_rows(db, BUNDLES_READ, scope, keys, rows, err);
}
