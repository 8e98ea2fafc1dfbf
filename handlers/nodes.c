/*
 * /nodes: the gateways that changes are carried to.
 */
#include "domain/nodes.h"
#include "http/app.h"
#include "store/users.h"

enum {
    STATUS_KNOWN = 200 /* a registration that was repeated */
};

static bool
list_nodes(struct req *req, struct err *err)
{
    struct list nodes;

    return nodes_list(req->turn.db, &nodes, err) &&
        reply_list(req, &nodes, (int64_t)nodes.count, NULL);
}

static bool
register_node(struct req *req, struct err *err)
{
    struct node node;

    if (!node_register(&req->turn, req->in, &node, err) || !reply(req, &node))
        return false;
    if (!node.created)
        req->answer.status = STATUS_KNOWN;
    return true;
}

static bool
change_node(struct req *req, struct err *err)
{
    struct node node;

    return node_change(&req->turn, req->args[0].text, req->in, &node, err) && reply(req, &node);
}

static bool
remove_node(struct req *req, struct err *err)
{
    return node_remove(&req->turn, req->args[0].text, err) && reply_empty(req);
}

static const struct route routes[] = {
    {"GET", "", "nodes:read", list_nodes, 200, LIST, .answer = &node_schema},
    {"POST", "", "nodes:write", register_node, 201, WRITES, .body = &node_new_schema,
        .answer = &node_schema, .errors = ERRS(ERR_NODE_ROLE), .also = STATUS_KNOWN},
    {"PATCH", "/{id:uuid}", "nodes:write", change_node, 200, WRITES, .body = &node_patch_schema,
        .answer = &node_schema, .errors = ERRS(ERR_NODE_NOT_FOUND)},
    {"DELETE", "/{id:uuid}", "nodes:write", remove_node, 204, WRITES,
        .errors = ERRS(ERR_NODE_NOT_FOUND, ERR_NODE_ACTIVE)},
};

const struct app handler_app = {"nodes", "/nodes", routes, COUNT(routes), .rank = ROLE_ADMIN};
