/* Taking over the database of an earlier program: only when asked to, and told what that means. */
#ifndef TG_INIT_DB_ADOPT_H
#define TG_INIT_DB_ADOPT_H

#include "db/db.h"
#include "db/migrate.h"

/* Nothing to do in a database that is new or ours already. ERR_INSTALLATION: it is an earlier
 * program's, and not `asked`; then all that would be done has been printed. */
bool adopt(struct migrator *migrator, struct db *db, bool asked, struct err *err) MUST_CHECK;

/* Takes from tokens the scopes that there are no more, and says of which. `all`: says also which
 * tokens may do everything. */
bool adopt_tokens(struct db *db, bool all, struct err *err) MUST_CHECK;

#endif
