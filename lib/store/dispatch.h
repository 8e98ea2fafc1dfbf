/* How far the nodes are: what the dispatcher knows of each, as operators see it. */
#ifndef TG_STORE_DISPATCH_H
#define TG_STORE_DISPATCH_H

#include "db/db.h"

struct node_status {
    const char *node_id;
    const char *name;
    int role; /* enum node_role */
    bool active;
    bool paused;
    const char *pause_reason;
    struct opt_bool in_sync; /* null until compared */
    usec_t digest_at;
    int64_t behind_events;  /* of its log; those without a number yet count */
    int64_t behind_seconds; /* the age of the oldest of them */
    const char *converged;  /* a JSON object: component to events behind */
    int64_t dead;
    const char *breaker;
    struct opt_int newer_there, only_there, only_here; /* null until compared */
    usec_t last_seen;
    const char *last_error;
    const char *agent_version;
    const char *components; /* a JSON object as the agent reported it, or NULL */
};

extern const struct schema node_status_schema;

/* By name. */
bool node_statuses(struct db *db, struct list *statuses, struct err *err) MUST_CHECK;

/* ERR_NODE_NOT_FOUND. */
bool
node_status(struct db *db, const char *id, struct node_status *status, struct err *err) MUST_CHECK;

/* What an operator tells the dispatcher of a node. */
enum node_order {
    NODE_RESYNC, /* send a snapshot */
    NODE_PAUSE,  /* look at it, and send nothing */
    NODE_RESUME,
    NODE_ORDERS
};

/* The dispatcher reads it when it next claims the node or keeps its lease. */
bool node_obey(struct db *db, const char *id, enum node_order order, struct err *err) MUST_CHECK;

#endif
