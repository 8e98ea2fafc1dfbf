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

/* `count`: how many connections; may be NULL. */
bool revoke_user_connections(
    const struct turn *turn, int64_t telegram_id, int64_t *count, struct err *err) MUST_CHECK;

#endif
