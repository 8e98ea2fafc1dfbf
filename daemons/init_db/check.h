/* What is odd in a database, of this or of an earlier program: printed, and left as it is. */
#ifndef TG_INIT_DB_CHECK_H
#define TG_INIT_DB_CHECK_H

#include "db/db.h"

/* A line each: table, id, what is odd, and what becomes of it. */
bool check(struct db *db, size_t *count, struct err *err) MUST_CHECK;

#endif
