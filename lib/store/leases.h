/*
 * Leases: who may write to a node, and how far the node is (rows of node_cursor). A lease is held
 * for some seconds under a token that grows with each holder; every write names it, so that who has
 * lost the lease changes nothing. All times are the database's.
 */
#ifndef TG_STORE_LEASES_H
#define TG_STORE_LEASES_H

#include "db/db.h"

/* A claimed node. */
struct lease {
    const char *node_id, *name, *base_url;
    int64_t stream_id;
    int64_t acked_gen;
    const char *converged; /* JSON: {"xray": gen, ...} */
    const char *epoch;     /* of the database: its incarnation */
    int64_t lease_token;
    int64_t fails;
    const char *breaker; /* closed, half_open, open */
    bool paused, want_snapshot;
    int64_t batch_size;
    bool fresh;      /* answered within the last 15 s */
    bool taken_over; /* from a holder that has not given it back */
    int64_t dead;    /* open dead letters */
};

struct claim {
    const char *owner;
    int64_t limit;
    int64_t ttl_ms;
};

/* Nodes that are behind, want a snapshot or are owed one, or have not been looked at for 15 s;
 * those that have waited longest first. */
bool leases_claim(
    struct db *db, const struct claim *claim, struct list *leases, struct err *err) MUST_CHECK;

/* What is to be written of a node that is held. */
struct lease_note {
    const char *node_id;
    int64_t lease_token;
    int64_t acked_gen;
    const char *converged;  /* JSON; NULL: not known */
    const char *components; /* JSON; NULL: not known */
    const char *boot_id, *version;
    int64_t fails, batch_size;
    const char *breaker;
    struct opt_int seen_ms; /* since it last answered; null: as it was */
    const char *error;      /* NULL: none */
    bool snapshot_begun;    /* one begins: whoever asks from now on wants another; until one is done
                               the cursor has no epoch, which says that one is owed */
    bool snapshot_done;
    bool released;   /* the lease ends */
    int64_t wait_ms; /* when released: until somebody may claim it */
};

/* What is still held after that, and what has changed meanwhile. */
struct lease_kept {
    const char *node_id;
    bool active, paused, want_snapshot;
    const char *base_url;
};

/* Writes them all and extends each lease; a note whose token is no more the row's does nothing and
 * is missing in `kept`. */
bool leases_keep(struct db *db, const struct list *notes, int64_t ttl_ms, struct list *kept,
    struct err *err) MUST_CHECK;

/* Milliseconds until the next node of another holder, or one that waits, can be claimed; null when
 * there is none. */
bool
leases_due(struct db *db, const char *owner, struct opt_int *wait_ms, struct err *err) MUST_CHECK;

/* How far each active node of a stream is. */
struct node_standing {
    const char *node_id;
    const char *name;
    int64_t stream_id;
    int64_t acked_gen;
    const char *converged;
    int64_t fails;
    const char *breaker;
    int64_t dead;
    struct opt_int seen_ms;
    int64_t lag_ms; /* age of the oldest event that the node has not; 0: none */
};

bool nodes_standing(struct db *db, struct list *standings, struct err *err) MUST_CHECK;

#endif
