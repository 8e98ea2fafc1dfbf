/*
 * Access: the statements that give it and take it away. Each is part of the caller's transaction,
 * works under the locks of store/holding.h, and writes what belongs to the change in the same
 * round trip: the rows, the connection's new version, the outbox rows and (but for
 * connections_revoke) the audit row. With WireGuard also the device's peer, its address and its
 * version.
 */
#ifndef TG_STORE_ACCESS_H
#define TG_STORE_ACCESS_H

#include "store/connections.h"
#include "store/holding.h"
#include "store/outbox.h"
#include "store/revisions.h"

/* The peer that a WireGuard revision is on nodes. */
struct peer_new {
    const char *id; /* for a new row */
    const char *lease_id;
};

/* A revision that is about to be issued. */
struct revision_new {
    const char *id;
    const char *connection_id;
    const char *credential_key;
    struct opt_int camouflage_sni_id;
    const char *effective_config_json;
    const struct peer_new *peer; /* NULL: not WireGuard */
};

/* With its first revision, or with none (NULL): then no node needs to know of it. */
bool connection_insert(struct db *db, const struct asked *asked, const struct connection_new *in,
    const struct revision_new *first, struct connection *connection, struct err *err) MUST_CHECK;

/* Into slot 0; the others move up, and the one that leaves slot 2 is revoked. */
bool revision_insert(struct db *db, const struct asked *asked, const struct revision_new *in,
    struct revision *revision, struct err *err) MUST_CHECK;

/* To slot 0; the others follow in their order, and a fourth is revoked. */
bool revision_raise(struct db *db, const struct asked *asked, const struct holding *holding,
    struct revision *revision, struct err *err) MUST_CHECK;

/* The others move together; when there is none left, the connection is revoked. */
bool revision_drop(struct db *db, const struct asked *asked, const struct holding *holding,
    struct revision *revision, struct err *err) MUST_CHECK;

enum connection_owner {
    OF_ITSELF, /* one connection, by its id */
    OF_DEVICE,
    OF_USERS,     /* the id is the text of an array: {7,8} */
    OF_USERS_STEP /* the same, REVOKE_STEP of them at most */
};

/* As many as one statement revokes in good time, on a busy machine, too. */
enum {
    REVOKE_STEP = 1000
};

struct connections_of {
    enum connection_owner owner;
    const char *id;
};

/* All that are active, with all their revisions. The user must be locked `for update`. `count` of
 * connections may be NULL. */
bool connections_revoke(struct db *db, const struct asked *asked, const struct connections_of *of,
    int64_t *count, struct err *err) MUST_CHECK;

#endif
