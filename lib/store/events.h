/* The log as operators see it: the rows of outbox_event, and what has become of each. */
#ifndef TG_STORE_EVENTS_H
#define TG_STORE_EVENTS_H

#include "store/outbox.h"

enum events_query_field {
    EVENTS_LIMIT,
    EVENTS_CURSOR,
    EVENTS_TYPE,
    EVENTS_AGGREGATE,
    EVENTS_SINCE,
};

struct events_query {
    uint64_t present;
    int64_t limit;
    struct cursor cursor;
    int event_type; /* an index of event_type_names; any when absent */
    const char *aggregate_id;
    usec_t since;
};

extern const struct schema events_query_schema;

/* Newest first; one more than `limit` when there is more. */
bool events_list(
    struct db *db, const struct events_query *in, struct list *events, struct err *err) MUST_CHECK;

/* The place of an event in that list. */
struct cursor event_cursor(const void *event, struct arena *arena);

struct event_place {
    struct event event;
    const char *component; /* which of a node's components it is for */
};

/* ERR_EVENT_NOT_FOUND, also for one that was kept long enough. */
bool event_get(struct db *db, int64_t id, struct event_place *place, struct err *err) MUST_CHECK;

#endif
