/* One event with what has become of it on each node, and what would be sent for it now. */
#ifndef TG_DOMAIN_EVENTS_H
#define TG_DOMAIN_EVENTS_H

#include "domain/turn.h"
#include "store/deliveries.h"
#include "store/events.h"

struct event_query {
    bool payload; /* wanted */
};

extern const struct schema event_query_schema;

struct event_shown {
    struct event event;
    struct list nodes;   /* const struct sending_row * */
    const char *payload; /* NULL when it is not wanted, or when nothing is left of the key */
};

extern const struct schema event_shown_schema;

/* ERR_EVENT_NOT_FOUND. */
bool event_show(const struct turn *turn, int64_t id, const struct event_query *in,
    struct event_shown *shown, struct err *err) MUST_CHECK;

/* ERR_INPUT unless a node or an aggregate is named. */
bool sendings_show(const struct turn *turn, const struct sendings_query *in, struct list *rows,
    struct err *err) MUST_CHECK;

/* A payload as it may be shown: members that are not known to be harmless are "***". */
const char *payload_masked(const char *payload, struct arena *arena);

#endif
