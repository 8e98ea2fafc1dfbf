/*
 * Streams: the log of a role. Rows of outbox_event wait without a number until they are sequenced;
 * from then on the stream has them as generations 1..gen, dense and unique.
 */
#ifndef TG_STORE_STREAMS_H
#define TG_STORE_STREAMS_H

#include "db/db.h"

struct stream {
    int64_t stream_id;
    const char *name; /* "role:VPS_T" */
    int64_t gen;
    int64_t floor_gen; /* at and below it the log is gone: such a node needs a snapshot */
    bool waiting;      /* some rows have no number yet */
};

/* By id. Reads only: it may be asked every few milliseconds. */
bool streams_list(struct db *db, struct list *streams, struct err *err) MUST_CHECK;

/* Rows that one call numbers at most, as outbox_sequence() has it. */
enum {
    STREAM_STEP = 10000
};

/* Numbers what waits in a stream, the oldest first, in a transaction of its own; the stream as it
 * is then. Where it has gone a whole step there may be more. */
bool stream_sequence(
    struct db *db, int64_t stream_id, struct stream *stream, struct err *err) MUST_CHECK;

/* How many rows wait in a stream, counted up to 10,000. */
bool stream_waiting(struct db *db, int64_t stream_id, int64_t *count, struct err *err) MUST_CHECK;

/* -- the log -------------------------------------------------------------------------------- */

struct log_event {
    int64_t gen;
    const char *event_type;
    const char *component;
    const char *aggregate_id;
    int64_t ver;
    const char *idempotency_key;
    usec_t age;   /* since the change, by the database's clock */
    int64_t upto; /* the same in all rows: the generation that they reach together */
};

struct log_range {
    int64_t stream_id;
    int64_t after, to;
    int64_t keys;
};

/* The newest event of each key in (after, upto], by gen, where upto <= to is as far as `keys` keys
 * reach. */
bool log_newest(
    struct db *db, const struct log_range *range, struct list *events, struct err *err) MUST_CHECK;

/* -- revocations ---------------------------------------------------------------------------- */

struct revocation {
    int64_t gen;
    const char *component;
    usec_t age; /* since the change, by the database's clock */
};

/* Above `after`, by gen. */
bool log_revocations(struct db *db, int64_t stream_id, int64_t after, int64_t limit,
    struct list *revocations, struct err *err) MUST_CHECK;

/* -- waking --------------------------------------------------------------------------------- */

/* On a connection of its own; *missed as db_listen(). */
bool outbox_listen(struct db *db, bool *missed, struct err *err) MUST_CHECK;

/* Whether that connection still answers. */
bool outbox_ping(struct db *db, struct err *err) MUST_CHECK;

/* Today's partitions and the next ones. */
bool partitions_ensure(struct db *db, struct err *err) MUST_CHECK;

#endif
