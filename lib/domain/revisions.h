/*
 * The rules about revisions. Up to three are active, in slots 0, 1, 2 without a gap; slot 0 is the
 * current one. Everything happens under the lock of the connection's row, so whatever comes at
 * once comes out as if it had come one after the other.
 *
 *     issue      the new one takes slot 0, the others move up, what passes slot 2 is revoked
 *     activate   it takes slot 0, the others follow in their order, overflow is revoked
 *     revoke     the others close up; with the last one the connection is revoked
 */
#ifndef TG_DOMAIN_REVISIONS_H
#define TG_DOMAIN_REVISIONS_H

#include "domain/turn.h"
#include "store/access.h"

/* ERR_CONNECTION_NOT_FOUND, ERR_CONNECTION_REVOKED, and those of domain/issue.h. */
bool revision_issue(const struct turn *turn, const char *connection_id, const struct issue_new *in,
    struct revision *revision, struct err *err) MUST_CHECK;

/* A revoked one comes back while its secret is still there. ERR_REVISION_NOT_FOUND,
 * ERR_USER_BLOCKED, ERR_CONNECTION_REVOKED, ERR_REVISION_GONE. */
bool revision_activate(
    const struct turn *turn, const char *id, struct revision *revision, struct err *err) MUST_CHECK;

/* Also done when it is revoked already. ERR_REVISION_NOT_FOUND. */
bool revision_revoke(
    const struct turn *turn, const char *id, struct revision *revision, struct err *err) MUST_CHECK;

/* ERR_REVISION_NOT_FOUND. */
bool revision_read(
    const struct turn *turn, const char *id, struct revision *revision, struct err *err) MUST_CHECK;

/* Newest first; one more than the limit when there is more. ERR_CONNECTION_NOT_FOUND. */
bool revisions_of_connection(const struct turn *turn, const char *connection_id,
    const struct revisions_query *in, struct list *revisions, struct err *err) MUST_CHECK;

#endif
