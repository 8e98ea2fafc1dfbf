/*
 * Artifacts as rows: what a role must have, read at the moment of sending. One statement per kind
 * reads many keys at once; a key's rows follow one another, one per active credential in the order
 * of slots. domain/artifact.h makes payloads of them.
 *
 * `targets` is the text of domain/target.h: a connection that the role has no inbound for is not
 * there for it.
 */
#ifndef TG_STORE_ARTIFACTS_H
#define TG_STORE_ARTIFACTS_H

#include "db/db.h"

/* Of which role, and what it serves. */
struct artifact_scope {
    const char *role; /* VPS_T */
    const char *targets;
};

/* Some keys: the only row of a key that is gone has no version, that of a key without an active
 * credential no revision. Or those after a key, at most `limit`, all with what they are made of. */
struct artifact_keys {
    const char *keys; /* a JSON array of keys; NULL: by `after` and `limit` */
    const char *after;
    int64_t limit;
};

/* A credential of a connection (VLESS, Hysteria2). */
struct credential_row {
    const char *aggregate_id;
    struct opt_int ver;
    struct opt_int user_id;
    const char *component, *protocol, *mode, *variant;
    const char *revision_id;
    struct opt_int slot;
    const char *credential_key;
    const char *uuid, *flow, *sni;   /* VLESS, or NULL */
    const char *username, *password; /* Hysteria2, or NULL */
};

bool credentials_read(struct db *db, const struct artifact_scope *scope,
    const struct artifact_keys *keys, struct list *rows, struct err *err) MUST_CHECK;

/* A device's WireGuard peer; its key is wg:DEVICE. */
struct peer_row {
    const char *aggregate_id;
    struct opt_int ver;
    const char *device_id;
    const char *variant, *connection_id;
    const char *revision_id; /* of slot 0 */
    const char *peer_public_key, *preshared_key, *peer_ip;
};

bool peers_read(struct db *db, const struct artifact_scope *scope, const struct artifact_keys *keys,
    struct list *rows, struct err *err) MUST_CHECK;

struct bundle_row {
    const char *aggregate_id; /* its name */
    struct opt_int ver;
    const char *files; /* JSON */
    const char *digest;
};

bool bundles_read(struct db *db, const struct artifact_scope *scope,
    const struct artifact_keys *keys, struct list *rows, struct err *err) MUST_CHECK;

#endif
