/* What the shared steps need to know of the person for whom a request acts. */
#ifndef TG_STORE_ACTORS_H
#define TG_STORE_ACTORS_H

#include "db/db.h"

struct actor_user {
    int role;     /* enum user_role */
    bool blocked; /* by a bot block that runs now */
};

/* ERR_ACTOR_NOT_FOUND. */
bool
actor_get(struct db *db, int64_t telegram_id, struct actor_user *user, struct err *err) MUST_CHECK;

#endif
