/*
 * What somebody with rank decides about a user. All of it is by rank, never by ownership: with an
 * actor the user must be below him (ERR_RANK). Every change locks the user first, so that whoever
 * creates access at the same time comes wholly before it or sees it.
 */
#ifndef TG_DOMAIN_STANDING_H
#define TG_DOMAIN_STANDING_H

#include "domain/turn.h"
#include "store/standing.h"

/* In all: ERR_USER_NOT_FOUND, ERR_RANK. `user` is how he is then. */

bool user_set_limit(const struct turn *turn, int64_t telegram_id, const struct user_patch *in,
    struct user *user, struct err *err) MUST_CHECK;

/* Nobody gives a role that is not below his own. ERR_LAST_SUPERADMIN. */
bool user_set_role(const struct turn *turn, int64_t telegram_id, const struct role_set *in,
    struct user *user, struct err *err) MUST_CHECK;

/* `grace` ends after 7 days unless it says when (ERR_INPUT: in the past), `blocked` revokes all
 * access, `active` ends grace. */
bool user_set_entitlement(const struct turn *turn, int64_t telegram_id,
    const struct entitlement_set *in, struct user *user, struct err *err) MUST_CHECK;

/* ERR_SUPERADMIN_IMMUNE. */
bool user_block(const struct turn *turn, int64_t telegram_id, const struct block_set *in,
    struct user *user, struct err *err) MUST_CHECK;

/* Gives no access back. */
bool user_unblock(
    const struct turn *turn, int64_t telegram_id, struct user *user, struct err *err) MUST_CHECK;

#endif
