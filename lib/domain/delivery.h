/*
 * Delivery, as an owner sees it: whether the newest change of a connection has arrived where it
 * must. By role, without the names of nodes; the worst role is the connection's state.
 */
#ifndef TG_DOMAIN_DELIVERY_H
#define TG_DOMAIN_DELIVERY_H

#include "domain/turn.h"

/* From the best to the worst. */
enum delivery_state {
    DELIVERY_READY,
    DELIVERY_REVOKED,  /* ready, and the connection is revoked */
    DELIVERY_APPLYING, /* a node is still at it */
    DELIVERY_WAITING,  /* for the dispatcher, or for a node that can be reached */
    DELIVERY_FAILED    /* a node has given up */
};

struct delivery_node {
    const char *role;
    int state; /* enum delivery_state */
};

struct delivery {
    const char *connection_id;
    int state; /* enum delivery_state */
    usec_t since;
    struct list nodes; /* const struct delivery_node * */
};

extern const struct schema delivery_schema;

/* ERR_CONNECTION_NOT_FOUND. */
bool delivery_of_connection(const struct turn *turn, const char *connection_id,
    struct delivery *delivery, struct err *err) MUST_CHECK;

/* Of its active connections, oldest first: struct delivery. ERR_DEVICE_NOT_FOUND. */
bool deliveries_of_device(const struct turn *turn, const char *device_id, struct list *deliveries,
    struct err *err) MUST_CHECK;

#endif
