/*
 * The rules about connections. A connection and its first revision are made together or not at
 * all; a connection ends with all its revisions.
 *
 * Each may also fail with ERR_CONNECTION_NOT_FOUND, or with the errors named here.
 */
#ifndef TG_DOMAIN_CONNECTIONS_H
#define TG_DOMAIN_CONNECTIONS_H

#include "domain/turn.h"
#include "store/connections.h"

/* ERR_USER_NOT_FOUND, ERR_DEVICE_NOT_FOUND, ERR_DEVICE_NOT_OF_USER, ERR_DEVICE_REVOKED,
 * ERR_WG_EXISTS, and those of domain/issue.h. */
bool connection_create(const struct turn *turn, const struct connection_new *in,
    struct connection *connection, struct err *err) MUST_CHECK;

bool connection_read(const struct turn *turn, const char *id, struct connection *connection,
    struct err *err) MUST_CHECK;

/* Oldest first. ERR_DEVICE_NOT_FOUND. */
bool connections_of_device(const struct turn *turn, const char *device_id,
    const struct connections_query *in, struct list *connections, struct err *err) MUST_CHECK;

/* ERR_PATCH_IMMUTABLE, ERR_OVERRIDES, ERR_COMBINATION, ERR_CONNECTION_REVOKED. */
bool connection_patch(const struct turn *turn, const char *id, const struct connection_patch *in,
    struct connection *connection, struct err *err) MUST_CHECK;

/* Also done when it is revoked already. */
bool connection_delete(const struct turn *turn, const char *id, struct err *err) MUST_CHECK;

#endif
