/* The audit log: who changed what. A row is written in the transaction of the change. */
#ifndef TG_STORE_AUDIT_H
#define TG_STORE_AUDIT_H

#include "db/db.h"

/* Who asks: goes from the request into every audit row. */
struct actor {
    const char *request_id;
    const char *token_id; /* a UUID; the nil UUID for the bootstrap token */
    const char *token_name;
    const char *scopes;  /* of the token, separated by single spaces */
    int64_t telegram_id; /* for whom the token acts; 0: for itself */
    int role;            /* of telegram_id: enum user_role */
};

struct audit {
    const char *action;  /* "users.profile" */
    const char *subject; /* "user:7" */
    const char *before;  /* a JSON object as text; NULL when there was nothing */
    const char *after;   /* the same; NULL when nothing is left */
};

bool audit_insert(struct db *db, const struct actor *actor, const struct audit *audit,
    struct err *err) MUST_CHECK;

#endif
