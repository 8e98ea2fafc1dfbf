/* Grace: what time decides about users, without anybody's asking. */
#ifndef TG_DOMAIN_GRACE_H
#define TG_DOMAIN_GRACE_H

#include "domain/turn.h"

/* Whose grace has ended is blocked, and all his access revoked: a few users at a time. Where they
 * have very many connections these go in steps, a transaction each, and the users follow with the
 * last one. `more` says that there were some, so that others may wait. */
bool grace_end(const struct turn *turn, bool *more, struct err *err) MUST_CHECK;

#endif
