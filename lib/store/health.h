/* Whether the database is there, and as this program needs it. */
#ifndef TG_STORE_HEALTH_H
#define TG_STORE_HEALTH_H

#include "db/db.h"

struct database_health {
    bool migrated; /* every migration that this program knows of is applied */
    struct opt_int outbox_oldest_seconds; /* of the oldest event without a number */
};

bool health_get(struct db *db, struct database_health *health, struct err *err) MUST_CHECK;

#endif
