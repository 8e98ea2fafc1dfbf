/*
 * The body of a batch or of a snapshot's part: read event by event, so that 1 MiB of them never is
 * a tree of objects in memory.
 *
 *     struct batch batch;
 *
 *     if (!batch_read(body, size, arena, &batch, err))
 *         return false;
 *     while (batch_next(&batch, &event))
 *         ... until the next call
 *     return batch_ended(&batch, err)
 *
 * All faults are ERR_BATCH with the place in the detail; nothing of the input is repeated there.
 */
#ifndef TG_AGENT_BATCH_H
#define TG_AGENT_BATCH_H

#include "agent/wish.h"
#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"

enum {
    EVENTS_MAX = 512,          /* of a batch */
    PART_EVENTS_MAX = 20000,   /* of a part */
    BATCH_BYTES_MAX = 1 << 20, /* of several events */
    EVENT_BYTES_MAX = 4 << 20, /* of one that travels alone */
    COMPONENT_NAME_MAX = 32
};

struct batch_head {
    const char *epoch;
    int64_t token;
    int64_t from, to;
    bool repair;
    int64_t max_attempts;
};

struct event {
    int64_t gen; /* 0 when it has none */
    const char *event_type, *component, *aggregate_id;
    int64_t ver;
    const char *idempotency_key; /* or NULL */
    const char *payload;         /* or NULL */
};

enum batch_kind {
    BATCH_EVENTS,
    BATCH_PART
};

struct batch {
    struct batch_head head;
    size_t count; /* events read so far */
    /* private */
    enum batch_kind kind;
    size_t size;
    const char *at, *end;
    struct arena arena; /* of the event that was read last */
    struct err trouble;
    bool ended;
};

/* The head only. The body must outlive the batch. Too many bytes are ERR_TOO_LARGE. */
bool batch_read(enum batch_kind kind, const char *body, size_t size, struct arena *arena,
    struct batch *batch, struct err *err) MUST_CHECK;

/* False at the end and at the first fault. */
bool batch_next(struct batch *batch, struct event *event);

/* Also frees what the last event needed. */
bool batch_ended(struct batch *batch, struct err *err) MUST_CHECK;

/* [a-z0-9._:-], 1 to `max`, and no "..". */
bool name_is_good(const char *name, size_t max);

#endif
