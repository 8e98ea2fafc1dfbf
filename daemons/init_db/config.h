/* Whether a client's configuration can be read: what its links and its nodes need is there. */
#ifndef TG_INIT_DB_CONFIG_H
#define TG_INIT_DB_CONFIG_H

#include "base/arena.h"

/* What is wrong with it, without any of its values; NULL: nothing. */
const char *config_fault(const char *protocol, const char *config, struct arena *arena);

#endif
