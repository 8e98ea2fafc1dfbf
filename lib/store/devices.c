#include "store/devices.h"

#include "store/outbox.h"
#include "store/users.h"

static const struct field device_fields[] = {
    F_UUID(struct device, id, F_REQUIRED),
    F_INT(struct device, user_id, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct device, name, F_REQUIRED, 0, 128),
    F_ENUM(struct device, status, F_REQUIRED, access_status_names),
    F_TIME(struct device, created_at, F_REQUIRED),
};

const struct schema device_schema = SCHEMA(struct device, device_fields);

static const struct field owned_fields[] = {
    F_UUID(struct device, id, F_REQUIRED),
    F_INT(struct device, user_id, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct device, name, F_REQUIRED, 0, 128),
    F_ENUM(struct device, status, F_REQUIRED, access_status_names),
    F_TIME(struct device, created_at, F_REQUIRED),
    F_ENUM(struct device, user_role, F_REQUIRED, user_role_names),
};

static const struct schema owned_schema = SCHEMA(struct device, owned_fields);

static const struct field new_fields[] = {
    F_INT(struct device_new, user_id, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct device_new, name, F_REQUIRED, 1, 128),
};

const struct schema device_new_schema = SCHEMA(struct device_new, new_fields);

static const struct field patch_fields[] = {
    F_TEXT(struct device_patch, name, F_REQUIRED, 1, 128),
};

const struct schema device_patch_schema = SCHEMA(struct device_patch, patch_fields);

static const struct field query_fields[] = {
    F_BOOL(struct devices_query, include_revoked, F_OPTIONAL),
};

const struct schema devices_query_schema = SCHEMA(struct devices_query, query_fields);

/* -- reading ------------------------------------------------------------------------------- */

#define COLUMNS "d.id, d.user_id, d.name, d.status, d.created_at"

static const struct query DEVICES_LIST = {
    .name = "devices_list",
    .sql = "select " COLUMNS " from device d where d.user_id = $1"
           " and ($2::bool or d.status = 'active') order by d.created_at, d.id",
    .row = &device_schema,
};

bool
devices_list(struct db *db, int64_t user_id, const struct devices_query *in, struct list *devices,
    struct err *err)
{
    return db_all(
        db, &DEVICES_LIST, DB_ARGS(arg_int(user_id), arg_bool(in->include_revoked)), devices, err);
}

#define OWNED                                                                                      \
    "select " COLUMNS ", u.role as user_role from device d"                                        \
    " join tg_user u on u.telegram_id = d.user_id where d.id = $1"

static const struct query DEVICE_GET = {
    .name = "device_get",
    .sql = OWNED,
    .row = &owned_schema,
    .missing = ERR_DEVICE_NOT_FOUND,
};

bool
device_get(struct db *db, const char *id, struct device *device, struct err *err)
{
    return db_one(db, &DEVICE_GET, DB_ARGS(arg_text(id)), device, err);
}

/* Rows are locked in the order of these clauses: the user first. */
static const struct query DEVICE_LOCK = {
    .name = "device_lock",
    .sql = OWNED " for update of u for update of d",
    .row = &owned_schema,
    .missing = ERR_DEVICE_NOT_FOUND,
};

bool
device_lock(struct db *db, const char *id, struct device *device, struct err *err)
{
    return db_one(db, &DEVICE_LOCK, DB_ARGS(arg_text(id)), device, err);
}

/* -- changing ------------------------------------------------------------------------------ */

static const struct query DEVICE_INSERT = {
    .name = "device_insert",
    .sql = "with d as (insert into device (id, user_id, name, status, wg_ver, created_at)"
           " select $1::uuid, $2::bigint, $3, 'active', 0, now() where (select count(*) from device"
           " where user_id = $2 and status = 'active') < $4::int returning *),"
           " audited as (insert into audit_log"
           " (request_id, token_name, actor_telegram_id, action, subject, after)"
           " select $5, $6, $7::bigint, 'devices.create', 'device:' || id,"
           " jsonb_build_object('user_id', user_id) from d)"
           " select " COLUMNS " from d",
    .row = &device_schema,
    .missing = ERR_DEVICE_LIMIT,
    .dangling = ERR_USER_NOT_FOUND,
};

bool
device_insert(struct db *db, const struct actor *actor, const struct device_new *in,
    int64_t devices_max, struct device *device, struct err *err)
{
    return db_one(db, &DEVICE_INSERT,
        DB_ARGS(arg_text(in->id), arg_int(in->user_id), arg_text(in->name), arg_int(devices_max),
            arg_text(actor->request_id), arg_text(actor->token_name), arg_actor(actor)),
        device, err);
}

static const struct query DEVICE_RENAME = {
    .name = "device_rename",
    .sql = "update device d set name = $2 where id = $1 returning " COLUMNS,
    .row = &device_schema,
    .missing = ERR_DEVICE_NOT_FOUND,
};

bool
device_rename(struct db *db, const char *id, const struct device_patch *in, struct device *device,
    struct err *err)
{
    return db_one(db, &DEVICE_RENAME, DB_ARGS(arg_text(id), arg_text(in->name)), device, err);
}

static const struct query DEVICE_REVOKE = {
    .name = "device_revoke", .sql = "update device set status = 'revoked' where id = $1"};

bool
device_revoke(struct db *db, const char *id, struct err *err)
{
    return db_exec(db, &DEVICE_REVOKE, DB_ARGS(arg_text(id)), NULL, err);
}

static const struct query DEVICES_REVOKE_OF = {
    .name = "devices_revoke_of",
    .sql = "update device set status = 'revoked'"
           " where user_id = any ($1::bigint[]) and status = 'active'",
};

bool
devices_revoke_of(struct db *db, const char *user_ids, int64_t *count, struct err *err)
{
    return db_exec(db, &DEVICES_REVOKE_OF, DB_ARGS(arg_text(user_ids)), count, err);
}
