/* A session: what the bot asks for first, whenever somebody presses something. */
#ifndef TG_STORE_SESSION_H
#define TG_STORE_SESSION_H

#include "store/users.h"

/* A user who has come: made, if he is new, and named as he calls himself now. */
struct session {
    const struct user *user;
    bool created;
    bool blocked; /* by a bot block that runs */
    const struct access_counts *counts;
};

/* What of a user's is active. */
struct access_counts {
    int64_t devices, connections, revisions;
};

extern const struct schema session_schema;

/* One statement, with what the audit log must know. Of `user` count the id, whether he must be
 * superadmin, and the names as in a profile. ERR_RETRY when another makes him at the same time. */
bool session_open(struct db *db, const struct actor *actor, const struct user *user,
    struct session *session, struct err *err) MUST_CHECK;

#endif
