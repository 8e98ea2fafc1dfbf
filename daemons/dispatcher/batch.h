/*
 * A batch: the newest event of each key in (from, to], as JSON, ready to be put into a body. Nodes
 * of one stream that stand side by side share it.
 */
#ifndef TG_DISPATCHER_BATCH_H
#define TG_DISPATCHER_BATCH_H

#include "dispatcher/dispatcher.h"

/* For the metrics of one event. */
struct sent_event {
    const char *event_type; /* a constant */
    usec_t changed_at;      /* on the monotonic clock */
};

struct batch {
    struct arena arena; /* holds the batch itself */
    int holders;
    int64_t stream_id, from, to;
    int64_t wanted; /* keys that it was asked for */
    size_t count;
    const struct sent_event *sent;
    const char *aggregate_id; /* of its only event, when count is 1 */
    int64_t ver;
    const char *events; /* a JSON array */
    size_t size;
};

/* At most `keys` events and 256 KiB, unless one event alone is larger. The caller holds *batch. */
bool batch_take(struct dispatcher *dispatcher, struct stream_view *stream, int64_t from,
    int64_t keys, struct batch **batch, struct err *err) MUST_CHECK;

/* Lets go. NULL is ignored. */
void batch_drop(struct batch *batch);

#endif
