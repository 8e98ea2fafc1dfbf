/*
 * The rules about users. Each change is one transaction of the same shape: lock what the rule
 * looks at, check, change, write the audit row, commit. Returning early rolls it back.
 */
#ifndef TG_DOMAIN_USERS_H
#define TG_DOMAIN_USERS_H

#include "domain/turn.h"
#include "store/users.h"

/* ERR_USER_EXISTS. */
bool user_create(const struct turn *turn, const struct user_new *in, struct user *user,
    struct err *err) MUST_CHECK;

/* ERR_USER_NOT_FOUND. */
bool user_set_profile(const struct turn *turn, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err) MUST_CHECK;

#endif
