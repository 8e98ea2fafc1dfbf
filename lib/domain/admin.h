/*
 * What admins do to the access of others, in one transaction each. The shared steps have seen that
 * there is an actor and that he is an admin.
 */
#ifndef TG_DOMAIN_ADMIN_H
#define TG_DOMAIN_ADMIN_H

#include "domain/turn.h"

struct connections_reset_new {
    int64_t actor_telegram_id;
};

extern const struct schema connections_reset_new_schema;

struct connections_reset {
    int64_t revoked_connections;
};

extern const struct schema connections_reset_schema;

/* All connections of all users; those of superadmins only when the actor is one. */
bool admin_reset_connections(
    const struct turn *turn, struct connections_reset *reset, struct err *err) MUST_CHECK;

struct access_revoke {
    int64_t actor_telegram_id;
    int64_t target_telegram_id;
};

extern const struct schema access_revoke_schema;

struct access_revoked {
    int64_t target_telegram_id;
    int64_t revoked_connections, revoked_devices;
};

extern const struct schema access_revoked_schema;

/* All access of one user below the actor. ERR_USER_NOT_FOUND, ERR_RANK. */
bool admin_revoke_access(const struct turn *turn, const struct access_revoke *in,
    struct access_revoked *revoked, struct err *err) MUST_CHECK;

#endif
