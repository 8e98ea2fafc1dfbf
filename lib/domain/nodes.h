/* The rules about nodes. Each change writes its audit row and, in the same transaction, the cursor.
 */
#ifndef TG_DOMAIN_NODES_H
#define TG_DOMAIN_NODES_H

#include "domain/turn.h"
#include "store/nodes.h"

/* May be repeated. node->created says whether it is new. ERR_NODE_ROLE. */
bool node_register(const struct turn *turn, const struct node_new *in, struct node *node,
    struct err *err) MUST_CHECK;

/* ERR_NODE_NOT_FOUND. */
bool node_change(const struct turn *turn, const char *id, const struct node_patch *in,
    struct node *node, struct err *err) MUST_CHECK;

/* Its open dead letters end with it. ERR_NODE_NOT_FOUND, ERR_NODE_ACTIVE. */
bool node_remove(const struct turn *turn, const char *id, struct err *err) MUST_CHECK;

#endif
