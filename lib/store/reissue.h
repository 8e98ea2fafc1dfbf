/*
 * Reissuing: connections are sent to nodes again, with the configurations of their active revisions
 * as they are or rebuilt. Each is part of the caller's transaction, which has locked the
 * connections (store/holding.h).
 */
#ifndef TG_STORE_REISSUE_H
#define TG_STORE_REISSUE_H

#include "store/outbox.h"

struct issued_row {
    const char *id; /* of a revision */
    const char *connection_id;
    const char *effective_config_json;
};

/* Of connections (a JSON array of ids), in their order. */
bool
issued_read(struct db *db, const char *connections, struct list *rows, struct err *err) MUST_CHECK;

struct reissue_change {
    const char *connections; /* a JSON array of ids */
    const char *configs;     /* a JSON array of {id, config}, for revisions that change */
    const char *subject;     /* for the audit log */
};

/* New versions, their outbox rows, and one audit row. `events` is how many there are. */
bool reissue_write(struct db *db, const struct asked *asked, const struct reissue_change *change,
    int64_t *events, struct err *err) MUST_CHECK;

#endif
