#include "store/holding.h"

#include "store/connections.h"
#include "store/outbox.h"
#include "store/revision_columns.h"
#include "store/users.h"

/* clang-format off */
#define DEVICE_FIELDS                                                                              \
    F_INT(struct holding, user_id, F_REQUIRED, 1, INT64_MAX),                                      \
    F_ENUM(struct holding, user_role, F_REQUIRED, user_role_names),                                \
    F_ENUM(struct holding, entitlement_status, F_REQUIRED, standing_names),                        \
    F_BOOL(struct holding, user_blocked, F_REQUIRED),                                              \
    F_UUID(struct holding, device_id, F_REQUIRED),                                                 \
    F_INT(struct holding, device_user_id, F_REQUIRED, 1, INT64_MAX),                               \
    F_ENUM(struct holding, device_status, F_REQUIRED, access_status_names),                        \
    F_TEXT(struct holding, host_vps_t, F_NULLABLE, 1, 255),                                        \
    F_TEXT(struct holding, host_vps_e, F_NULLABLE, 1, 255),                                        \
    F_TEXT(struct holding, name_vps_t, F_NULLABLE, 1, 255),                                        \
    F_TEXT(struct holding, name_vps_e, F_NULLABLE, 1, 255)

#define CONNECTION_FIELDS                                                                          \
    F_UUID(struct holding, connection_id, F_REQUIRED),                                             \
    F_ENUM(struct holding, protocol, F_REQUIRED, connection_protocol_names),                       \
    F_ENUM(struct holding, mode, F_REQUIRED, connection_mode_names),                               \
    F_ENUM(struct holding, variant, F_REQUIRED, connection_variant_names),                         \
    F_ENUM(struct holding, status, F_REQUIRED, access_status_names),                               \
    F_JSON(struct holding, custom_overrides_json, F_REQUIRED)

static const struct field device_fields[] = {DEVICE_FIELDS};
static const struct field connection_fields[] = {DEVICE_FIELDS, CONNECTION_FIELDS};
static const struct field revision_fields[] = {DEVICE_FIELDS, CONNECTION_FIELDS,
    F_UUID(struct holding, revision_id, F_REQUIRED),
    F_ENUM(struct holding, revision_status, F_REQUIRED, access_status_names),
    F_BOOL(struct holding, secret_gone, F_REQUIRED),
};
/* clang-format on */

static const struct schema device_schema = SCHEMA(struct holding, device_fields);
static const struct schema connection_hold_schema = SCHEMA(struct holding, connection_fields);
static const struct schema revision_hold_schema = SCHEMA(struct holding, revision_fields);

static const struct field owner_fields[] = {
    F_INT(struct owner, user_id, F_REQUIRED, 1, INT64_MAX),
    F_ENUM(struct owner, user_role, F_REQUIRED, user_role_names),
};

static const struct schema owner_schema = SCHEMA(struct owner, owner_fields);

/* Of the oldest active node with each role. */
#define NODE_BEGIN                                                                                 \
    " left join lateral (select coalesce(e.fqdn, e.public_ipv4) as host,"                          \
    " coalesce(e.proxy_fqdn, e.fqdn) as name from node_endpoint e where e.active and e.role = "
#define NODE_END " order by e.created_at, e.id limit 1) "
#define NODES    NODE_BEGIN "'VPS_T'" NODE_END "t on true" NODE_BEGIN "'VPS_E'" NODE_END "n on true"

#define DEVICE_COLUMNS                                                                             \
    "u.telegram_id as user_id, u.role as user_role, u.entitlement_status,"                         \
    " coalesce(u.bot_blocked_until > now(), false) as user_blocked, d.id as device_id,"            \
    " d.user_id as device_user_id, d.status as device_status, t.host as host_vps_t,"               \
    " n.host as host_vps_e, t.name as name_vps_t, n.name as name_vps_e"

#define CONNECTION_HOLD                                                                            \
    ", c.id as connection_id, c.protocol, c.mode, c.variant, c.status,"                            \
    " as_object(c.custom_overrides_json) as custom_overrides_json"

#define CONNECTION_HOLD_FROM                                                                       \
    " from connection c join tg_user u on u.telegram_id = c.user_id"                               \
    " join device d on d.id = c.device_id" NODES

static const struct query DEVICE_OWNER = {
    .name = "device_owner",
    .sql = "select d.user_id, u.role as user_role from device d"
           " join tg_user u on u.telegram_id = d.user_id where d.id = $1",
    .row = &owner_schema,
    .missing = ERR_DEVICE_NOT_FOUND,
};

static const struct query DEVICE_LOOK = {
    .name = "device_look",
    .sql = "select " DEVICE_COLUMNS
           " from device d join tg_user u on u.telegram_id = d.user_id" NODES " where d.id = $1",
    .row = &device_schema,
    .missing = ERR_DEVICE_NOT_FOUND,
};

#define DEVICE_HOLD                                                                                \
    "select " DEVICE_COLUMNS " from tg_user u cross join device d" NODES                           \
    " where u.telegram_id = $1 and d.id = $2 for share of u"

static const struct query DEVICE_HOLDS[] = {
    [HOLD_DEVICE_SHARED] =
        {
            .name = "device_hold_shared",
            .sql = DEVICE_HOLD " for share of d",
            .row = &device_schema,
            .missing = ERR_DEVICE_NOT_FOUND,
        },
    [HOLD_DEVICE_ALONE] =
        {
            .name = "device_hold_alone",
            .sql = DEVICE_HOLD " for update of d",
            .row = &device_schema,
            .missing = ERR_DEVICE_NOT_FOUND,
        },
};

/* Rows are locked in the order of these clauses, whatever the join does. A change of a tunnel
 * changes its device as well: which it is, only the row can tell, so there are two statements, and
 * the second one is tried when the first finds no other connection. */
#define FIXED  " and c.protocol <> 'wireguard'"
#define TUNNEL " and c.protocol = 'wireguard'"

#define CONNECTION_TO_HOLD                                                                         \
    "select " DEVICE_COLUMNS CONNECTION_HOLD CONNECTION_HOLD_FROM " where c.id = $1"

#define CONNECTION_QUERY(title, text)                                                              \
    {                                                                                              \
        .name = (title), .sql = (text), .row = &connection_hold_schema,                            \
        .missing = ERR_CONNECTION_NOT_FOUND                                                        \
    }

static const struct query CONNECTION_HOLDS[][2] = {
    [HOLD_TO_GIVE] =
        {
            CONNECTION_QUERY("connection_hold_to_give",
                CONNECTION_TO_HOLD FIXED " for share of u for update of c"),
            CONNECTION_QUERY("tunnel_hold_to_give",
                CONNECTION_TO_HOLD TUNNEL " for share of u for no key update of d for update of c"),
        },
    [HOLD_TO_TAKE] =
        {
            CONNECTION_QUERY("connection_hold_to_take",
                CONNECTION_TO_HOLD FIXED " for update of u for update of c"),
            CONNECTION_QUERY("tunnel_hold_to_take",
                CONNECTION_TO_HOLD TUNNEL
                " for update of u for no key update of d for update of c"),
        },
};

#define REVISION_HOLD                                                                              \
    ", r.id as revision_id, r.status as revision_status,"                                          \
    " r.status = 'revoked' and (r.effective_config_json = " REVISION_REDUCED                       \
    " or coalesce(r.revoked_at, '-infinity') < now() - $2 * interval '1 second') as secret_gone"

#define REVISION_TO_HOLD                                                                           \
    "select " DEVICE_COLUMNS CONNECTION_HOLD REVISION_HOLD CONNECTION_HOLD_FROM                    \
    " join connection_revision r on r.connection_id = c.id where r.id = $1"

#define REVISION_QUERY(title, text)                                                                \
    {                                                                                              \
        .name = (title), .sql = (text), .row = &revision_hold_schema,                              \
        .missing = ERR_REVISION_NOT_FOUND                                                          \
    }

static const struct query REVISION_HOLDS[][2] = {
    [HOLD_TO_GIVE] =
        {
            REVISION_QUERY("revision_hold_to_give",
                REVISION_TO_HOLD FIXED " for share of u for update of c for update of r"),
            REVISION_QUERY("tunnel_revision_hold_to_give",
                REVISION_TO_HOLD TUNNEL " for share of u for no key update of d for update of c"
                                        " for update of r"),
        },
    [HOLD_TO_TAKE] =
        {
            REVISION_QUERY("revision_hold_to_take",
                REVISION_TO_HOLD FIXED " for update of u for update of c for update of r"),
            REVISION_QUERY("tunnel_revision_hold_to_take",
                REVISION_TO_HOLD TUNNEL " for update of u for no key update of d for update of c"
                                        " for update of r"),
        },
};

static bool
hold_either(struct db *db, const struct query queries[2], const struct db_arg *args,
    struct holding *holding, struct err *err)
{
    return db_one(db, &queries[0], args, holding, err) ||
        (err->code == queries[0].missing && db_one(db, &queries[1], args, holding, err));
}

bool
device_owner(struct db *db, const char *device_id, struct owner *owner, struct err *err)
{
    return db_one(db, &DEVICE_OWNER, DB_ARGS(arg_text(device_id)), owner, err);
}

bool
device_look(struct db *db, const char *device_id, struct holding *holding, struct err *err)
{
    return db_one(db, &DEVICE_LOOK, DB_ARGS(arg_text(device_id)), holding, err);
}

/* Only when there was no pair to lock is it asked which of the two is missing. */
bool
device_hold(struct db *db, enum hold_device how, int64_t user_id, const char *device_id,
    struct holding *holding, struct err *err)
{
    struct user user;

    return db_one(db, &DEVICE_HOLDS[how], DB_ARGS(arg_int(user_id), arg_text(device_id)), holding,
               err) ||
        (err->code == ERR_DEVICE_NOT_FOUND && user_get(db, user_id, &user, err) &&
            err_set(err, ERR_DEVICE_NOT_FOUND));
}

bool
connection_hold(struct db *db, enum hold how, const char *connection_id, struct holding *holding,
    struct err *err)
{
    return hold_either(db, CONNECTION_HOLDS[how], DB_ARGS(arg_text(connection_id)), holding, err);
}

/* In the order of `key`. A device has one tunnel, so tunnels are as well told by their devices. */
#define CONNECTION_RANGE(key)                                                                      \
    " where c.status = 'active' and ($1::uuid is null or " key " > $1)"                            \
    " and ($2::bigint = 0 or c.user_id = $2)"                                                      \
    " and ($6::bigint = 0 or c.user_id = $6 or u.role < $7::user_role)"                            \
    " and exists (select from jsonb_to_recordset($4::jsonb)" OUTBOX_TARGET                         \
    " where t.protocol = c.protocol::text and t.mode = c.mode::text"                               \
    " and ($3::text is null or t.role = $3))"                                                      \
    " and exists (select from connection_revision r where r.connection_id = c.id"                  \
    " and r.status = 'active')"

static const struct query CONNECTIONS_HOLD[] = {
    {
        .name = "connections_hold",
        .sql = "select " DEVICE_COLUMNS CONNECTION_HOLD CONNECTION_HOLD_FROM CONNECTION_RANGE(
            "c.id") " and c.protocol <> 'wireguard' order by c.id limit $5 for update of c",
        .plan = PLAN_CUSTOM,
        .row = &connection_hold_schema,
    },
    {
        .name = "connections_hold_tunnels",
        .sql = "select " DEVICE_COLUMNS CONNECTION_HOLD CONNECTION_HOLD_FROM CONNECTION_RANGE(
            "c.device_id") " and c.protocol = 'wireguard' order by c.device_id limit $5"
                           " for no key update of d for update of c",
        .plan = PLAN_CUSTOM,
        .row = &connection_hold_schema,
    },
};

bool
connections_hold(
    struct db *db, const struct holding_range *range, struct list *holdings, struct err *err)
{
    return db_all(db, &CONNECTIONS_HOLD[range->tunnels ? 1 : 0],
        DB_ARGS(arg_text(range->after), arg_int(range->user_id), arg_text(range->role),
            arg_text(range->targets), arg_int(range->limit), arg_int(range->actor->telegram_id),
            arg_text(user_role_names[range->actor->role])),
        holdings, err);
}

bool
revision_hold(struct db *db, enum hold how, const char *revision_id, int64_t undo_seconds,
    struct holding *holding, struct err *err)
{
    return hold_either(db, REVISION_HOLDS[how],
        DB_ARGS(arg_text(revision_id), arg_int(undo_seconds)), holding, err);
}
