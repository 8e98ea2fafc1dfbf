/* Nodes: the gateways, rows of node_endpoint, each with its cursor in the log of its role. */
#ifndef TG_STORE_NODES_H
#define TG_STORE_NODES_H

#include "store/audit.h"

enum node_role {
    NODE_VPS_T, /* transit: the exit */
    NODE_VPS_E  /* entry */
};

extern const char *const node_role_names[];

struct node {
    const char *id;
    int role; /* enum node_role */
    const char *name;
    const char *base_url; /* of its agent, without a slash at the end */
    const char *public_ipv4;
    const char *fqdn, *proxy_fqdn; /* or NULL */
    bool active;
    usec_t created_at;
    bool created; /* by node_put(), not before it; not shown */
};

extern const struct schema node_schema;
extern const struct schema node_audit_schema; /* what the audit log may show */

struct node_new {
    int role;
    const char *name;
    const char *base_url;
    const char *public_ipv4;
    const char *fqdn, *proxy_fqdn;
    bool active;
    const char *id; /* not in the body: of a node that is new */
};

extern const struct schema node_new_schema;

enum node_patch_field {
    NODE_BASE_URL,
    NODE_PUBLIC_IPV4,
    NODE_FQDN,
    NODE_PROXY_FQDN,
    NODE_ACTIVE,
};

struct node_patch {
    uint64_t present;
    const char *base_url;
    const char *public_ipv4;
    const char *fqdn, *proxy_fqdn; /* null clears */
    bool active;
};

extern const struct schema node_patch_schema;

/* Oldest first. */
bool nodes_list(struct db *db, struct list *nodes, struct err *err) MUST_CHECK;

/* Registration, which may be repeated: a known name is updated and looked at again at once.
 * ERR_NODE_ROLE when the name is known with another role. */
bool
node_put(struct db *db, const struct node_new *in, struct node *node, struct err *err) MUST_CHECK;

/* A node that becomes active again starts with a snapshot. ERR_NODE_NOT_FOUND. */
bool node_update(struct db *db, const char *id, const struct node_patch *in, struct node *node,
    struct err *err) MUST_CHECK;

/* ERR_NODE_NOT_FOUND. */
bool node_lock(struct db *db, const char *id, struct node *node, struct err *err) MUST_CHECK;

/* The same by its name: one, or none. */
bool
nodes_lock_name(struct db *db, const char *name, struct list *nodes, struct err *err) MUST_CHECK;

bool node_delete(struct db *db, const char *id, struct err *err) MUST_CHECK;

#endif
