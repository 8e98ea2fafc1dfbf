/*
 * Standing: what somebody decides about a user (limit, role, entitlement, block), as it is asked
 * for and as it is written. The user is locked and read first, the rules make of him what he shall
 * be, and user_settle() writes that:
 *
 *     return user_lock(db, id, &before, err) && ... && user_settle(db, &turn->actor, &settling,
 * err);
 */
#ifndef TG_STORE_STANDING_H
#define TG_STORE_STANDING_H

#include "store/users.h"

/* In all of these the actor is read by the shared steps (http/actor.h). */
struct entitlement_set {
    int entitlement_status; /* enum standing */
    usec_t grace_ends_at;   /* USEC_NONE: as long as usual */
    struct opt_int actor_telegram_id;
};

struct role_set {
    int role; /* enum user_role */
    struct opt_int actor_telegram_id;
};

struct block_set {
    int64_t hours;
    const char *reason; /* or NULL */
    bool revoke_access;
    struct opt_int actor_telegram_id;
};

struct unblock_set {
    struct opt_int actor_telegram_id;
};

extern const struct schema entitlement_set_schema;
extern const struct schema role_set_schema;
extern const struct schema block_set_schema;
extern const struct schema unblock_set_schema;

/* What the audit log shows of a user. */
extern const struct schema user_standing_schema;

/* The user and all superadmins, locked in the order of their ids, so that nobody ceases to be one
 * unseen. Without the user when there is none. */
bool users_lock_superadmins(
    struct db *db, int64_t telegram_id, struct list *users, struct err *err) MUST_CHECK;

/* Those with active connections, locked in the order of their ids: the ids as the text of an array.
 * Without superadmins unless `all`. */
bool users_lock_connected(struct db *db, bool all, const char **ids, struct err *err) MUST_CHECK;

struct settling {
    const struct user *user; /* as he shall be: limit, role, entitlement and block are written */
    const struct audit *audit;
    bool ends_sessions; /* of Grafana, for good: what is allowed again later opens none of them */
};

/* Of a locked user, with the audit row. */
bool user_settle(struct db *db, const struct actor *actor, const struct settling *settling,
    struct err *err) MUST_CHECK;

/* Those whose grace has ended, a few at a time, locked; whoever is locked by another is left to
 * him. The ids as above. */
bool users_lock_overdue(struct db *db, const char **ids, struct err *err) MUST_CHECK;

/* Of locked users: blocked, with their audit rows and the end of their sessions. */
bool users_end_grace(
    struct db *db, const struct actor *actor, const char *ids, struct err *err) MUST_CHECK;

#endif
