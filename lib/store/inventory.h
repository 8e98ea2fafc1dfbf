/* What there is, for metrics: how many of what kind, and every active credential. */
#ifndef TG_STORE_INVENTORY_H
#define TG_STORE_INVENTORY_H

#include "db/db.h"

enum {
    CREDENTIALS_MAX = 100000 /* that are told apart */
};

struct inventory_count {
    const char *family; /* the metric's name without its prefix */
    const char *a, *b, *c;
    int64_t count;
};

struct inventory_credential {
    int64_t telegram_id;
    const char *role, *device_id, *connection_id, *revision_id;
    const char *protocol, *mode, *variant;
    int64_t slot;
};

/* Whether nobody else is at it, up to the end of the transaction. */
bool inventory_claim(struct db *db, bool *claimed, struct err *err) MUST_CHECK;

bool inventory_counts(struct db *db, struct list *counts, struct err *err) MUST_CHECK;

/* By user, connection and slot; CREDENTIALS_MAX at most. */
bool inventory_credentials(struct db *db, struct list *credentials, struct err *err) MUST_CHECK;

#endif
