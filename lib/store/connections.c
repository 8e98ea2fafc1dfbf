#include "store/connections.h"

#include "store/connection_columns.h"
#include "store/outbox.h"
#include "store/revisions.h"
#include "store/users.h"

/* -- records ------------------------------------------------------------------------------- */

const char *const connection_protocol_names[] = {[PROTOCOL_VLESS_REALITY] = "vless_reality",
    [PROTOCOL_VLESS_WS_TLS] = "vless_ws_tls",
    [PROTOCOL_HYSTERIA2] = "hysteria2",
    [PROTOCOL_WIREGUARD] = "wireguard",
    NULL};

const char *const connection_mode_names[] = {
    [MODE_DIRECT] = "direct", [MODE_CHAIN] = "chain", NULL};

const char *const connection_variant_names[] = {
    [VARIANT_B1] = "B1", [VARIANT_B2] = "B2", [VARIANT_B3] = "B3", [VARIANT_B5] = "B5", NULL};

const char *const access_status_names[] = {
    [STATUS_ACTIVE] = "active", [STATUS_REVOKED] = "revoked", NULL};

/* clang-format off */
#define SHOWN                                                                                      \
    F_UUID(struct connection, id, F_REQUIRED),                                                     \
    F_INT(struct connection, user_id, F_REQUIRED, 1, INT64_MAX),                                   \
    F_UUID(struct connection, device_id, F_REQUIRED),                                              \
    F_TEXT(struct connection, device_name, F_REQUIRED, 0, 128),                                    \
    F_TEXT(struct connection, user_display, F_REQUIRED, 1, 512),                                   \
    F_TEXT(struct connection, alias, F_REQUIRED, 1, 1024),                                         \
    F_ENUM(struct connection, protocol, F_REQUIRED, connection_protocol_names),                    \
    F_ENUM(struct connection, mode, F_REQUIRED, connection_mode_names),                            \
    F_ENUM(struct connection, variant, F_REQUIRED, connection_variant_names),                      \
    F_TEXT(struct connection, profile_name, F_REQUIRED, 0, 64),                                    \
    F_JSON(struct connection, custom_overrides_json, F_REQUIRED),                                  \
    F_ENUM(struct connection, status, F_REQUIRED, access_status_names),                            \
    F_TIME(struct connection, created_at, F_REQUIRED)

static const struct field shown_fields[] = {SHOWN};

static const struct field created_fields[] = {SHOWN,
    F_OBJECT(struct connection, revision, struct revision, F_NULLABLE, &revision_schema),
};

static const struct field row_fields[] = {SHOWN,
    F_ENUM(struct connection, user_role, F_REQUIRED, user_role_names),
};
/* clang-format on */

static const struct field issue_fields[] = {
    F_OPT_INT(struct issue_new, camouflage_sni_id, F_NULLABLE, 1, INT32_MAX),
    F_TEXT(struct issue_new, provider, F_NULLABLE, 1, 32),
    F_BOOL(struct issue_new, force, F_OPTIONAL),
};

static const struct field new_fields[] = {
    F_INT(struct connection_new, user_id, F_REQUIRED, 1, INT64_MAX),
    F_UUID(struct connection_new, device_id, F_REQUIRED),
    F_ENUM(struct connection_new, protocol, F_REQUIRED, connection_protocol_names),
    F_ENUM(struct connection_new, mode, F_REQUIRED, connection_mode_names),
    F_ENUM(struct connection_new, variant, F_REQUIRED, connection_variant_names),
    F_TEXT(struct connection_new, profile_name, F_OPTIONAL, 1, 64),
    F_JSON(struct connection_new, custom_overrides_json, F_OPTIONAL),
    F_OBJECT(struct connection_new, issue, struct issue_new, F_NULLABLE, &issue_new_schema),
};

static const struct connection_new new_defaults = {
    .profile_name = "default", .custom_overrides_json = "{}"};

/* What cannot be patched is read as any text, so that a rule can say so. */
static const struct field patch_fields[] = {
    [CONNECTION_PROFILE_NAME] = F_TEXT(struct connection_patch, profile_name, F_OPTIONAL, 1, 64),
    [CONNECTION_OVERRIDES] = F_JSON(struct connection_patch, custom_overrides_json, F_OPTIONAL),
    [CONNECTION_PROTOCOL] = F_TEXT(struct connection_patch, protocol, F_NULLABLE, 0, INT64_MAX),
    [CONNECTION_MODE] = F_TEXT(struct connection_patch, mode, F_NULLABLE, 0, INT64_MAX),
    [CONNECTION_VARIANT] = F_TEXT(struct connection_patch, variant, F_NULLABLE, 0, INT64_MAX),
    [CONNECTION_STATUS] = F_TEXT(struct connection_patch, status, F_NULLABLE, 0, INT64_MAX),
};

static const struct field query_fields[] = {
    F_BOOL(struct connections_query, include_revoked, F_OPTIONAL),
};

const struct schema connection_schema = SCHEMA(struct connection, shown_fields);
const struct schema connection_created_schema = SCHEMA(struct connection, created_fields);
const struct schema connection_row_schema = SCHEMA(struct connection, row_fields);
const struct schema issue_new_schema = SCHEMA(struct issue_new, issue_fields);
const struct schema connection_new_schema =
    SCHEMA_FROM(struct connection_new, new_fields, &new_defaults);
const struct schema connection_patch_schema =
    SCHEMA_PATCH(struct connection_patch, patch_fields, NULL);
const struct schema connections_query_schema = SCHEMA(struct connections_query, query_fields);

/* -- queries ------------------------------------------------------------------------------- */

static const struct query CONNECTION_GET = {
    .name = "connection_get",
    .sql = "select " CONNECTION_COLUMNS " from connection c" CONNECTION_JOINS " where c.id = $1",
    .row = &connection_row_schema,
    .missing = ERR_CONNECTION_NOT_FOUND,
};

static const struct query CONNECTIONS_LIST = {
    .name = "connections_list",
    .sql = "select " CONNECTION_COLUMNS " from connection c" CONNECTION_JOINS
           " where c.device_id = $1 and ($2 or c.status = 'active') order by c.created_at, c.id",
    .row = &connection_row_schema,
};

/* The audit row tells which members changed, not to what: a name is nobody's business there. */
static const struct query CONNECTION_UPDATE = {
    .name = "connection_update",
    .sql = "with fresh as (update connection set"
           " profile_name = case when $5 then $6::text else profile_name end,"
           " custom_overrides_json = case when $7 then $8::jsonb else custom_overrides_json end"
           " where id = $4::uuid returning *),"
           " audited as (insert into audit_log"
           " (request_id, token_name, actor_telegram_id, action, subject, after)"
           " select $1, $2, $3::bigint, 'connections.update', 'connection:' || f.id,"
           " jsonb_build_object('changed', array_remove(array["
           "case when $5 then 'profile_name' end,"
           " case when $7 then 'custom_overrides_json' end], null)) from fresh f)"
           " select " CONNECTION_COLUMNS " from fresh c" CONNECTION_JOINS,
    .row = &connection_row_schema,
    .missing = ERR_CONNECTION_NOT_FOUND,
};

bool
connection_get(struct db *db, const char *id, struct connection *connection, struct err *err)
{
    return db_one(db, &CONNECTION_GET, DB_ARGS(arg_text(id)), connection, err);
}

bool
connections_list(struct db *db, const char *device_id, const struct connections_query *in,
    struct list *connections, struct err *err)
{
    return db_all(db, &CONNECTIONS_LIST,
        DB_ARGS(arg_text(device_id), arg_bool(in->include_revoked)), connections, err);
}

bool
connection_update(struct db *db, const struct actor *actor, const char *id,
    const struct connection_patch *in, struct connection *connection, struct err *err)
{
    return db_one(db, &CONNECTION_UPDATE,
        DB_ARGS(arg_text(actor->request_id), arg_text(actor->token_name), arg_actor(actor),
            arg_text(id), arg_bool(field_present(in->present, CONNECTION_PROFILE_NAME)),
            arg_text(in->profile_name), arg_bool(field_present(in->present, CONNECTION_OVERRIDES)),
            arg_text(in->custom_overrides_json)),
        connection, err);
}
