/*
 * Adoption: a database that an earlier program made is recognised by its tables and by its version
 * table, and said to be at one of our first migrations, which are that program's releases.
 */
#ifndef TG_STORE_ADOPTION_H
#define TG_STORE_ADOPTION_H

#include "db/db.h"

enum {
    ADOPTION_STAGES = 7 /* migrations that the earlier program had, too */
};

struct adoption_size {
    int64_t users, devices, connections, revisions, nodes;
    int64_t undelivered; /* rows of the old outbox, which are dropped */
    int64_t sessions;    /* others that are connected */
};

struct adoption {
    bool found;                /* an installation of the earlier program that is not ours yet */
    const char *revision;      /* as its version table says; NULL: it has none */
    int64_t stage;             /* the migrations that the database has; 0: none */
    struct adoption_size size; /* of what was found */
};

/* Changes nothing. ERR_INSTALLATION: what is there can be none of ours, and why. */
bool adoption_look(struct db *db, struct adoption *adoption, struct err *err) MUST_CHECK;

#endif
