/*
 * Reach: whether who asks may see or change what belongs to a user. A token that acts for nobody
 * may; an actor may for himself and for those below him: nobody reaches a superadmin, a superadmin
 * reaches users and admins, an admin reaches users. What is out of reach is as if it were not
 * there.
 */
#ifndef TG_DOMAIN_REACH_H
#define TG_DOMAIN_REACH_H

#include "domain/turn.h"

/* `missing` is the error of what would not be there. `role` is the owner's: enum user_role. */
bool reach_owner(const struct turn *turn, int64_t owner_id, int role, enum err_code missing,
    struct err *err) MUST_CHECK;

/* The owner alone, whatever the rank. */
bool reach_own(
    const struct turn *turn, int64_t owner_id, enum err_code missing, struct err *err) MUST_CHECK;

/* For changes that rank alone allows, of a user's limit, role, entitlement or block. Who has no
 * rank at all learns of nobody but himself: ERR_USER_NOT_FOUND. */
bool reach_known(const struct turn *turn, int64_t telegram_id, struct err *err) MUST_CHECK;

/* And then: below the actor, so that nobody decides about himself. ERR_RANK. */
bool reach_below(const struct turn *turn, int role, struct err *err) MUST_CHECK;

#endif
