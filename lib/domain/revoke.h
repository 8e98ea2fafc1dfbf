/*
 * Access ends: connections with all their revisions, however many, in one statement, with one
 * outbox row per role and connection. What is revoked already is left as it is.
 *
 * Each is a part of the caller's transaction, which has locked the user's row `for update` in an
 * earlier statement (so that nobody issues meanwhile) and writes the audit row of its own change:
 *
 *     return db_begin(db, err) && user_lock(...) && device_revoke(...) &&
 *         revoke_device_connections(turn, device_id, err) && audit(...) && db_commit(db, err);
 */
#ifndef TG_DOMAIN_REVOKE_H
#define TG_DOMAIN_REVOKE_H

#include "domain/turn.h"

bool
revoke_connection(const struct turn *turn, const char *connection_id, struct err *err) MUST_CHECK;

bool revoke_device_connections(
    const struct turn *turn, const char *device_id, struct err *err) MUST_CHECK;

struct ended {
    int64_t connections, devices; /* how many */
};

/* All that a user has, devices too: what every kind of block comes to. */
bool revoke_user_access(
    const struct turn *turn, int64_t telegram_id, struct ended *ended, struct err *err) MUST_CHECK;

/* The same of many; `ids` is the text of an array of locked users: "{7,8}". */
bool revoke_access_of(
    const struct turn *turn, const char *ids, struct ended *ended, struct err *err) MUST_CHECK;

/* Their connections alone. */
bool revoke_connections_of(
    const struct turn *turn, const char *ids, int64_t *count, struct err *err) MUST_CHECK;

/* So many of them that one transaction is short; `more` says that there may be more. */
bool revoke_connections_step(
    const struct turn *turn, const char *ids, bool *more, struct err *err) MUST_CHECK;

#endif
