#include "store/revisions.h"

#include "schema/cursor.h"
#include "store/connections.h"
#include "store/revision_columns.h"
#include "store/users.h"

/* -- records ------------------------------------------------------------------------------- */

/* clang-format off */
#define SHOWN                                                                                      \
    F_UUID(struct revision, id, F_REQUIRED),                                                       \
    F_UUID(struct revision, connection_id, F_REQUIRED),                                            \
    F_INT(struct revision, slot, F_REQUIRED, 0, SLOTS - 1),                                        \
    F_ENUM(struct revision, status, F_REQUIRED, access_status_names),                              \
    F_OPT_INT(struct revision, camouflage_sni_id, F_REQUIRED, 1, INT32_MAX),                       \
    F_JSON(struct revision, effective_config_json, F_REQUIRED),                                    \
    F_TIME(struct revision, created_at, F_REQUIRED)

static const struct field shown_fields[] = {SHOWN};

static const struct field row_fields[] = {SHOWN,
    F_INT(struct revision, user_id, F_REQUIRED, 1, INT64_MAX),
    F_ENUM(struct revision, user_role, F_REQUIRED, user_role_names),
};
/* clang-format on */

static const struct field query_fields[] = {
    F_INT(struct revisions_query, limit, F_OPTIONAL, 1, 1000),
    F_CURSOR(struct revisions_query, cursor),
};

static const struct revisions_query query_defaults = {.limit = 200};

static const struct field export_fields[] = {
    F_UUID(struct export_source, revision_id, F_NULLABLE),
    F_ENUM(struct export_source, protocol, F_REQUIRED, connection_protocol_names),
    F_ENUM(struct export_source, variant, F_REQUIRED, connection_variant_names),
    F_ENUM(struct export_source, status, F_REQUIRED, access_status_names),
    F_JSON(struct export_source, effective_config_json, F_NULLABLE),
    F_TEXT(struct export_source, device_name, F_REQUIRED, 0, 128),
    F_INT(struct export_source, number, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct export_source, user_id, F_REQUIRED, 1, INT64_MAX),
};

const struct schema revision_schema = SCHEMA(struct revision, shown_fields);
const struct schema revision_row_schema = SCHEMA(struct revision, row_fields);
const struct schema revisions_query_schema =
    SCHEMA_FROM(struct revisions_query, query_fields, &query_defaults);
static const struct schema export_schema = SCHEMA(struct export_source, export_fields);

/* -- queries ------------------------------------------------------------------------------- */

#define OWNED                                                                                      \
    " join connection c on c.id = r.connection_id join tg_user u on u.telegram_id = c.user_id"

static const struct query REVISION_GET = {
    .name = "revision_get",
    .sql = "select " REVISION_COLUMNS " from connection_revision r" OWNED " where r.id = $1",
    .row = &revision_row_schema,
    .missing = ERR_REVISION_NOT_FOUND,
};

static const struct query REVISIONS_LIST = {
    .name = "revisions_list",
    .sql =
        "select " REVISION_COLUMNS " from connection_revision r" OWNED " where r.connection_id = $1"
        " and ($2::timestamptz is null or (r.created_at, r.id) < ($2, $3::uuid))"
        " order by r.created_at desc, r.id desc limit $4",
    .plan = PLAN_CUSTOM,
    .row = &revision_row_schema,
};

/* One that is just being activated is left alone. */
static const struct query REVISIONS_FORGET = {
    .name = "revisions_forget",
    .sql = "with old as materialized (select id from connection_revision where status = 'revoked'"
           " and (credential_key is not null or credential_shared)"
           " and revoked_at < now() - $1 * interval '1 second'"
           " order by revoked_at limit 500 for update skip locked)"
           " update connection_revision r set credential_key = null, credential_shared = false,"
           " effective_config_json = " REVISION_REDUCED " from old where r.id = old.id",
};

/* A user's connections are never deleted, so the number of one among them stays what it is. */
#define EXPORT_COLUMNS                                                                             \
    "r.id as revision_id, c.protocol, c.variant, case when r.status = 'active'"                    \
    " then as_object(r.effective_config_json) end as effective_config_json,"                       \
    " d.name as device_name, c.user_id, (select count(*) from connection o"                        \
    " where o.user_id = c.user_id and (o.created_at, o.id) < (c.created_at, c.id)) as number"

static const struct query EXPORT_OF_REVISION = {
    .name = "export_of_revision",
    .sql = "select " EXPORT_COLUMNS ", r.status from connection_revision r"
           " join connection c on c.id = r.connection_id join device d on d.id = c.device_id"
           " where r.id = $1",
    .row = &export_schema,
    .missing = ERR_REVISION_NOT_FOUND,
};

static const struct query EXPORT_OF_CONNECTION = {
    .name = "export_of_connection",
    .sql = "select " EXPORT_COLUMNS ", c.status from connection c"
           " join device d on d.id = c.device_id"
           " left join connection_revision r"
           " on r.connection_id = c.id and r.status = 'active' and r.slot = 0 where c.id = $1",
    .row = &export_schema,
    .missing = ERR_CONNECTION_NOT_FOUND,
};

bool
revision_get(struct db *db, const char *id, struct revision *revision, struct err *err)
{
    return db_one(db, &REVISION_GET, DB_ARGS(arg_text(id)), revision, err);
}

bool
revisions_list(struct db *db, const char *connection_id, const struct revisions_query *in,
    struct list *revisions, struct err *err)
{
    return db_all(db, &REVISIONS_LIST,
        DB_ARGS(arg_text(connection_id), arg_time(in->cursor.created_at),
            arg_text(cursor_uuid(&in->cursor)), arg_int(in->limit + 1)),
        revisions, err);
}

bool
revisions_forget(struct db *db, int64_t undo_seconds, int64_t *count, struct err *err)
{
    return db_exec(db, &REVISIONS_FORGET, DB_ARGS(arg_int(undo_seconds)), count, err);
}

struct cursor
revision_cursor(const void *record, struct arena *arena)
{
    const struct revision *revision = record;

    return (struct cursor){revision->created_at, arena_strdup(arena, revision->id)};
}

bool
export_of_revision(struct db *db, const char *id, struct export_source *source, struct err *err)
{
    return db_one(db, &EXPORT_OF_REVISION, DB_ARGS(arg_text(id)), source, err);
}

bool
export_of_connection(struct db *db, const char *id, struct export_source *source, struct err *err)
{
    return db_one(db, &EXPORT_OF_CONNECTION, DB_ARGS(arg_text(id)), source, err);
}
