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

/* Replaces the same n, drops the parts of every other snapshot. */
bool part_put(struct state *state, const char *snapshot, int64_t n, const char sum[SUM_SIZE],
    const char *body, size_t size, struct err *err) MUST_CHECK;

/* *whole: parts 1 to `parts` are all there, no others, and their hex sums joined in order have this
 * sum. */
bool part_check(struct state *state, const char *snapshot, int64_t parts, const char sum[SUM_SIZE],
    bool *whole, struct err *err) MUST_CHECK;

/* In the arena; NULL when there is none. */
bool part_find(struct state *state, const char *snapshot, int64_t n, struct arena *arena,
    const char **body, size_t *size, struct err *err) MUST_CHECK;

bool part_drop_all(struct state *state, struct err *err) MUST_CHECK;

#endif
