/* Hearing of notifications, beside statements and on the same connection. */
#ifndef TG_DB_LISTEN_H
#define TG_DB_LISTEN_H

#include "db/db.h"

/* Listen to what `listen` names ("listen CHANNEL"). *missed: something has been notified since the
 * last call, or may have been, since the connection is a new one. */
bool db_listen(struct db *db, const struct query *listen, bool *missed, struct err *err) MUST_CHECK;

/* Readable when something is notified; -1 without a connection. */
int db_socket(const struct db *db);

#endif
