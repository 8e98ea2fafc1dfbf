/* What operators tell the dispatcher of a node. */
#ifndef TG_DOMAIN_ORDERS_H
#define TG_DOMAIN_ORDERS_H

#include "domain/turn.h"
#include "store/dispatch.h"

/* How it stands after that. ERR_NODE_NOT_FOUND. */
bool node_order(const struct turn *turn, const char *id, enum node_order order,
    struct node_status *status, struct err *err) MUST_CHECK;

#endif
