/*
 * Revisions: the configurations issued for a connection. Once a revision is revoked, its secrets
 * are no more in any record read here; they stay in the row for a while, for `activate` alone.
 */
#ifndef TG_STORE_REVISIONS_H
#define TG_STORE_REVISIONS_H

#include "store/audit.h"

enum {
    SLOTS = 3 /* active revisions of a connection; slot 0 is the current one */
};

struct revision {
    const char *id;
    const char *connection_id;
    int64_t slot;
    int status; /* enum access_status */
    struct opt_int camouflage_sni_id;
    const char *effective_config_json; /* without its secrets when revoked */
    usec_t created_at;
    int64_t user_id; /* of the owner; not shown, like the following */
    int user_role;   /* enum user_role */
};

extern const struct schema revision_schema;

struct revisions_query {
    int64_t limit;
    struct cursor cursor;
};

extern const struct schema revisions_query_schema;

/* ERR_REVISION_NOT_FOUND. */
bool
revision_get(struct db *db, const char *id, struct revision *revision, struct err *err) MUST_CHECK;

/* Newest first, revoked ones included; one more than `limit` when there is more. */
bool revisions_list(struct db *db, const char *connection_id, const struct revisions_query *in,
    struct list *revisions, struct err *err) MUST_CHECK;

/* Drops the secrets of those that have been revoked for longer: a few hundred at a time, `count` of
 * them now. */
bool
revisions_forget(struct db *db, int64_t undo_seconds, int64_t *count, struct err *err) MUST_CHECK;

/* The place of a revision in that list. */
struct cursor revision_cursor(const void *revision, struct arena *arena);

/* -- what a client is given ----------------------------------------------------------------- */

struct export_source {
    const char *revision_id; /* NULL: the connection has no revision in slot 0 */
    int protocol;            /* enum connection_protocol */
    int variant;             /* enum connection_variant */
    int status;              /* of the revision; of the connection when there is none */
    const char *effective_config_json;
    const char *device_name;
    int64_t number; /* of the connection among the user's own, from 0 */
    int64_t user_id;
};

/* ERR_REVISION_NOT_FOUND. */
bool export_of_revision(
    struct db *db, const char *id, struct export_source *source, struct err *err) MUST_CHECK;

/* Slot 0. ERR_CONNECTION_NOT_FOUND. */
bool export_of_connection(
    struct db *db, const char *id, struct export_source *source, struct err *err) MUST_CHECK;

#endif
