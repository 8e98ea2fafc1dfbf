#include "store/nodes.h"

/* -- records ------------------------------------------------------------------------------- */

const char *const node_role_names[] = {[NODE_VPS_T] = "VPS_T", [NODE_VPS_E] = "VPS_E", NULL};

#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define PORT                                                                                       \
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5]))))"
#define URL   "^https?://" LABEL "([.]" LABEL ")*(:" PORT ")?(/[A-Za-z0-9._~/-]*)?$"
#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4  "^(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]?)([.]" OCTET "){3}$"
/* An address is no name: its last label has a letter first. */
#define HOST "^(" LABEL "[.])+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"

enum {
    NAME_MAX_LENGTH = 253,
    URL_MAX_LENGTH = 255,
    IPV4_MAX_LENGTH = 15
};

#define NODE_FIELDS                                                                                \
    F_UUID(struct node, id, F_REQUIRED), F_ENUM(struct node, role, F_REQUIRED, node_role_names),   \
        F_TEXT(struct node, name, F_REQUIRED, 0, 64),                                              \
        F_TEXT(struct node, base_url, F_REQUIRED, 0, URL_MAX_LENGTH),                              \
        F_TEXT(struct node, public_ipv4, F_REQUIRED, 0, 64),                                       \
        F_TEXT(struct node, fqdn, F_NULLABLE, 0, 255),                                             \
        F_TEXT(struct node, proxy_fqdn, F_NULLABLE, 0, 255),                                       \
        F_BOOL(struct node, active, F_REQUIRED), F_TIME(struct node, created_at, F_REQUIRED)

static const struct field node_fields[] = {NODE_FIELDS};
static const struct field put_fields[] = {NODE_FIELDS, F_BOOL(struct node, created, F_REQUIRED)};

/* Names are not for the log; the id says which node it is. */
static const struct field audit_fields[] = {
    F_ENUM(struct node, role, F_REQUIRED, node_role_names),
    F_TEXT(struct node, base_url, F_REQUIRED, 0, URL_MAX_LENGTH),
    F_TEXT(struct node, public_ipv4, F_REQUIRED, 0, 64),
    F_TEXT(struct node, fqdn, F_NULLABLE, 0, 255),
    F_TEXT(struct node, proxy_fqdn, F_NULLABLE, 0, 255),
    F_BOOL(struct node, active, F_REQUIRED),
};

const struct schema node_audit_schema = SCHEMA(struct node, audit_fields);
const struct schema node_schema = SCHEMA(struct node, node_fields);
static const struct schema put_schema = SCHEMA(struct node, put_fields);

static const struct field new_fields[] = {
    F_ENUM(struct node_new, role, F_REQUIRED, node_role_names),
    F_TEXT(struct node_new, name, F_REQUIRED, 1, 64),
    F_MATCH(struct node_new, base_url, F_REQUIRED, URL_MAX_LENGTH, URL),
    F_MATCH(struct node_new, public_ipv4, F_REQUIRED, IPV4_MAX_LENGTH, IPV4),
    F_MATCH(struct node_new, fqdn, F_NULLABLE, NAME_MAX_LENGTH, HOST),
    F_MATCH(struct node_new, proxy_fqdn, F_NULLABLE, NAME_MAX_LENGTH, HOST),
    F_BOOL(struct node_new, active, F_OPTIONAL),
};

static const struct node_new new_defaults = {.active = true};
const struct schema node_new_schema = SCHEMA_FROM(struct node_new, new_fields, &new_defaults);

static const struct field patch_fields[] = {
    [NODE_BASE_URL] = F_MATCH(struct node_patch, base_url, F_OPTIONAL, URL_MAX_LENGTH, URL),
    [NODE_PUBLIC_IPV4] = F_MATCH(struct node_patch, public_ipv4, F_OPTIONAL, IPV4_MAX_LENGTH, IPV4),
    [NODE_FQDN] = F_MATCH(struct node_patch, fqdn, F_NULLABLE, NAME_MAX_LENGTH, HOST),
    [NODE_PROXY_FQDN] = F_MATCH(struct node_patch, proxy_fqdn, F_NULLABLE, NAME_MAX_LENGTH, HOST),
    [NODE_ACTIVE] = F_BOOL(struct node_patch, active, F_OPTIONAL),
};

const struct schema node_patch_schema = SCHEMA_PATCH(struct node_patch, patch_fields, NULL);

/* -- queries ------------------------------------------------------------------------------- */

#define COLUMNS                                                                                    \
    "n.id, n.role, n.name, n.base_url, n.public_ipv4, n.fqdn, n.proxy_fqdn, n.active, n.created_at"

static const struct query NODES_LIST = {
    .name = "nodes_list",
    .sql = "select " COLUMNS " from node_endpoint n order by n.created_at, n.id",
    .row = &node_schema,
};

bool
nodes_list(struct db *db, struct list *nodes, struct err *err)
{
    return db_all(db, &NODES_LIST, DB_NO_ARGS, nodes, err);
}

/* What a cursor is after the node `n` was put or changed; `was.active` is how it was before, which
 * a statement sees of what it changes itself. */
#define LOOK_AGAIN                                                                                 \
    "next_attempt_at = '-infinity', fails = 0, breaker = 'closed',"                                \
    " want_snapshot = node_cursor.want_snapshot or (n.active and not was.active),"                 \
    " lease_until = case when n.active and not was.active then '-infinity'"                        \
    " else node_cursor.lease_until end"

static const struct query NODE_PUT = {
    .name = "node_put",
    .sql = "with was as (select active from node_endpoint where name = $3),"
           " n as (insert into node_endpoint (id, role, name, base_url, public_ipv4, fqdn,"
           " proxy_fqdn, active, created_at, updated_at) values ($1, $2::node_role, $3,"
           " rtrim($4, '/'), $5, $6, $7, $8, now(), now()) on conflict (name) do update set"
           " base_url = excluded.base_url, public_ipv4 = excluded.public_ipv4,"
           " fqdn = excluded.fqdn, proxy_fqdn = excluded.proxy_fqdn, active = excluded.active,"
           " updated_at = now() where node_endpoint.role = excluded.role returning *),"
           " again as (update node_cursor set " LOOK_AGAIN " from n, was"
           " where node_cursor.node_id = n.id),"
           " fresh as (insert into node_cursor (node_id, stream_id) select n.id, s.stream_id"
           " from n join outbox_stream s on s.name = 'role:' || n.role where n.id = $1)"
           " select " COLUMNS ", n.id = $1 as created from n",
    .row = &put_schema,
    .missing = ERR_NODE_ROLE,
};

bool
node_put(struct db *db, const struct node_new *in, struct node *node, struct err *err)
{
    return db_one(db, &NODE_PUT,
        DB_ARGS(arg_text(in->id), arg_text(node_role_names[in->role]), arg_text(in->name),
            arg_text(in->base_url), arg_text(in->public_ipv4), arg_text(in->fqdn),
            arg_text(in->proxy_fqdn), arg_bool(in->active)),
        node, err);
}

static const struct query NODE_UPDATE = {
    .name = "node_update",
    .sql = "with was as (select active from node_endpoint where id = $1),"
           " n as (update node_endpoint set"
           " base_url = case when $2 then rtrim($3, '/') else base_url end,"
           " public_ipv4 = case when $4 then $5 else public_ipv4 end,"
           " fqdn = case when $6 then $7 else fqdn end,"
           " proxy_fqdn = case when $8 then $9 else proxy_fqdn end,"
           " active = case when $10 then $11 else active end, updated_at = now()"
           " where id = $1 returning *),"
           " again as (update node_cursor set " LOOK_AGAIN " from n, was"
           " where node_cursor.node_id = n.id) select " COLUMNS " from n",
    .row = &node_schema,
    .missing = ERR_NODE_NOT_FOUND,
};

bool
node_update(
    struct db *db, const char *id, const struct node_patch *in, struct node *node, struct err *err)
{
    return db_one(db, &NODE_UPDATE,
        DB_ARGS(arg_text(id), arg_bool(field_present(in->present, NODE_BASE_URL)),
            arg_text(in->base_url), arg_bool(field_present(in->present, NODE_PUBLIC_IPV4)),
            arg_text(in->public_ipv4), arg_bool(field_present(in->present, NODE_FQDN)),
            arg_text(in->fqdn), arg_bool(field_present(in->present, NODE_PROXY_FQDN)),
            arg_text(in->proxy_fqdn), arg_bool(field_present(in->present, NODE_ACTIVE)),
            arg_bool(in->active)),
        node, err);
}

static const struct query NODE_LOCK = {
    .name = "node_lock",
    .sql = "select " COLUMNS " from node_endpoint n where n.id = $1 for update",
    .row = &node_schema,
    .missing = ERR_NODE_NOT_FOUND,
};

bool
node_lock(struct db *db, const char *id, struct node *node, struct err *err)
{
    return db_one(db, &NODE_LOCK, DB_ARGS(arg_text(id)), node, err);
}

static const struct query NODES_LOCK_NAME = {
    .name = "nodes_lock_name",
    .sql = "select " COLUMNS " from node_endpoint n where n.name = $1 for update",
    .row = &node_schema,
};

bool
nodes_lock_name(struct db *db, const char *name, struct list *nodes, struct err *err)
{
    return db_all(db, &NODES_LOCK_NAME, DB_ARGS(arg_text(name)), nodes, err);
}

static const struct query NODE_DELETE = {
    .name = "node_delete", .sql = "delete from node_endpoint where id = $1"};

bool
node_delete(struct db *db, const char *id, struct err *err)
{
    return db_exec(db, &NODE_DELETE, DB_ARGS(arg_text(id)), NULL, err);
}
