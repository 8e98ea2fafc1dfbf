/*
 * The rules about users. Each change is one transaction of the same shape: lock what the rule
 * looks at, check, change, write the audit row, commit. Returning early rolls it back.
 */
#ifndef TG_DOMAIN_USERS_H
#define TG_DOMAIN_USERS_H

#include "domain/turn.h"
#include "store/session.h"

/* An actor sees himself and those below him. */
bool users_read(const struct turn *turn, const struct users_query *in, struct list *users,
    struct err *err) MUST_CHECK;

/* ERR_USER_NOT_FOUND. */
bool user_read(
    const struct turn *turn, int64_t telegram_id, struct user *user, struct err *err) MUST_CHECK;

/* Superadmin when SUPERADMIN_TELEGRAM_IDS has the id. ERR_USER_EXISTS, ERR_RANK. */
bool user_create(const struct turn *turn, const struct user_new *in, struct user *user,
    struct err *err) MUST_CHECK;

/* ERR_USER_NOT_FOUND. */
bool user_set_profile(const struct turn *turn, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err) MUST_CHECK;

/* Made if need be, named as the profile says, promoted if the settings name him.
 * ERR_USER_NOT_FOUND, ERR_RANK. */
bool user_come(const struct turn *turn, int64_t telegram_id, const struct user_profile *in,
    struct session *session, struct err *err) MUST_CHECK;

#endif
