/*
 * Deliveries: an event on its way to one node. There is no row per delivery: how far the node is
 * (node_cursor) and what it has refused (delivery_dead) say it all, over a range of the log.
 */
#ifndef TG_STORE_DELIVERIES_H
#define TG_STORE_DELIVERIES_H

#include "db/db.h"

enum sending {
    SENDING_PENDING, /* not sent yet */
    SENDING_SENT,    /* the node has it on disk */
    SENDING_FAILED,  /* the node cannot be reached, and is tried again */
    SENDING_DEAD     /* the node has refused it for good */
};

struct sending_row {
    int64_t outbox_event_id;
    const char *node_id, *node_name;
    const char *event_type;
    const char *aggregate_id;
    int64_t ver;
    int status; /* enum sending */
    bool applied;
    int64_t attempts;
    usec_t next_attempt_at;
    const char *last_error;
    usec_t created_at;
};

extern const struct schema sending_schema;

enum sendings_query_field {
    SENDINGS_LIMIT,
    SENDINGS_CURSOR,
    SENDINGS_NODE,
    SENDINGS_AGGREGATE,
    SENDINGS_STATUS,
};

/* Of a node, of an aggregate to the active nodes of its roles, or of both. */
struct sendings_query {
    uint64_t present;
    int64_t limit;
    struct cursor cursor;
    const char *node_id;
    const char *aggregate_id;
    int status; /* any when absent */
};

extern const struct schema sendings_query_schema;

/* Newest first; one more than `limit` when there is more. */
bool sendings_list(
    struct db *db, const struct sendings_query *in, struct list *rows, struct err *err) MUST_CHECK;

/* The place of a row in that list. */
struct cursor sending_cursor(const void *row, struct arena *arena);

/* Of one event, to the active nodes of its role, by name. */
bool
sendings_of_event(struct db *db, int64_t event_id, struct list *rows, struct err *err) MUST_CHECK;

#endif
