/* A snapshot's parts, kept until its commit. Those of one snapshot at a time. */
#ifndef TG_AGENT_PART_H
#define TG_AGENT_PART_H

#include "agent/state.h"
#include "base/arena.h"
#include "crypto/digest.h"

enum {
    PARTS_MAX = 10000,
    SUM_SIZE = SHA256_HEX_SIZE
};

struct part {
    const char *snapshot;
    int64_t n;
    const char *sum; /* as it was told */
    const char *body;
    size_t size;
};

/* Replaces the same n, drops the parts of every other snapshot. */
bool part_put(struct state *state, const struct part *part, struct err *err) MUST_CHECK;

/* *whole: parts 1 to `parts` are all there, no others, and their hex sums joined in order have this
 * sum. */
bool part_check(struct state *state, const char *snapshot, int64_t parts, const char sum[SUM_SIZE],
    bool *whole, struct err *err) MUST_CHECK;

/* The body of part->n, in the arena; NULL when there is none. */
bool
part_find(struct state *state, struct part *part, struct arena *arena, struct err *err) MUST_CHECK;

bool part_drop_all(struct state *state, struct err *err) MUST_CHECK;

#endif
