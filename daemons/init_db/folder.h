/* Where the migrations are, unless the caller says. */
#ifndef TG_INIT_DB_FOLDER_H
#define TG_INIT_DB_FOLDER_H

#include "base/arena.h"
#include "base/err.h"

/* Beside the program, where an installation puts them and where a build has them; never in the
 * current folder, which may be anybody's. ERR_FILE. */
bool folder_find(struct arena *arena, const char **folder, struct err *err) MUST_CHECK;

#endif
