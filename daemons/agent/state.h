/*
 * What the agent knows: one SQLite file under AGENT_DATA_ROOT. "Seen" and what was seen are one
 * transaction, on the disk before anything is done about it or answered.
 *
 *     if (state_room(&state, &err) && state_begin(&state, DURABLE, &err) && wish_put(…) && …)
 *         return state_commit(&state, &err);
 *     state_rollback(&state);
 *
 * Marks of what gateways answered are LAZY: lost with the power, they are found again by comparing.
 * A file that is damaged is moved aside (state.db.damaged-<seconds>) and a new one begun, which
 * knows nothing and asks for a snapshot. Files are 0600, the folder 0700; one agent at a time.
 */
#ifndef TG_AGENT_STATE_H
#define TG_AGENT_STATE_H

#include "agent/sql.h"
#include "base/str.h"
#include "base/time.h"

enum {
    SNAPSHOT_ID_MAX = 64
};

struct meta {
    char epoch[UUID_SIZE]; /* "" until a request told one */
    bool known;            /* a snapshot was committed once: the wishes are somebody's */
    bool complete;         /* one of this epoch was */
    int64_t max_token, desired_gen;
    int64_t snapshots;                  /* committed so far; artifact.seen counts by it */
    char snapshot[SNAPSHOT_ID_MAX + 1]; /* the last one committed in this epoch, or "" */
};

enum transaction {
    IDLE,
    LAZY,  /* marks */
    ALONE, /* nobody joins it */
    DURABLE
};

struct state {
    struct sql sql;
    struct meta meta; /* as it is in the file; within a transaction, as it will be */
    struct meta before;
    int root;                 /* AGENT_DATA_ROOT, locked */
    int64_t free_bytes_least; /* below it nothing is taken: 64 MiB */
    bool was_damaged;         /* state_open() has moved a file aside */
    usec_t begun_at;          /* the transaction, if there is one */
    bool marks_lost;          /* a lazy one was rolled back: the engine must know */
    enum transaction transaction;
};

/* Also makes the folder. ERR_SETTINGS with the reason when it cannot be used. */
bool state_open(struct state *state, const char *root, struct err *err) MUST_CHECK;
void state_close(struct state *state);

/* ERR_STATE_FULL when the disk has too little room. */
bool state_room(const struct state *state, struct err *err) MUST_CHECK;
int64_t state_free_bytes(const struct state *state);

/* LAZY: returns at once when one is open already. ALONE and DURABLE commit a lazy one before; only
 * DURABLE waits for the disk. */
bool state_begin(struct state *state, enum transaction transaction, struct err *err) MUST_CHECK;
bool state_commit(struct state *state, struct err *err) MUST_CHECK;
void state_rollback(struct state *state);

/* Write state->meta, within a transaction. */
bool state_write_meta(struct state *state, struct err *err) MUST_CHECK;

/* How far a component was known to be, kept over restarts. 0 when nothing is known. */
bool converged_read(
    struct state *state, const char *component, int64_t *gen, struct err *err) MUST_CHECK;
bool converged_write(
    struct state *state, const char *component, int64_t gen, struct err *err) MUST_CHECK;

#endif
