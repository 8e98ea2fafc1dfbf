/*
 * What a rule works with: the database, what the program was told, and who asks. One per request.
 */
#ifndef TG_DOMAIN_TURN_H
#define TG_DOMAIN_TURN_H

#include "settings/settings.h"
#include "store/audit.h"

struct catalog; /* domain/catalog.h */
struct metrics; /* metrics/metrics.h */

struct turn {
    struct db *db;
    struct arena *arena; /* the request's; the same as db->arena */
    const struct settings *settings;
    const struct catalog *catalog; /* NULL in programs that issue nothing */
    struct metrics *metrics;       /* NULL: nothing is counted */
    struct actor actor;
};

#endif
