/*
 * Dead letters: what a node has refused for good, one row per node, key and version. They block
 * nothing; a later version that applies closes them, or an operator does (store/letters.h).
 */
#ifndef TG_STORE_DEAD_H
#define TG_STORE_DEAD_H

#include "store/leases.h"

struct rejection {
    const char *aggregate_id;
    int64_t ver;
    const char *code, *detail;
};

extern const struct schema rejection_schema;

/* A repetition updates the row; what is closed stays closed. `news` is how many said something
 * new. Nothing is written once the lease is another's, or the node is gone. */
bool dead_insert(struct db *db, const struct lease *lease, const struct list *rejections,
    int64_t *news, struct err *err) MUST_CHECK;

/* Closes those of which a later version has been applied. */
bool dead_supersede(struct db *db, const struct lease *lease, const char *converged,
    int64_t *closed, struct err *err) MUST_CHECK;

#endif
