/* What every installation has besides its tables. All of it may be asked for again. */
#ifndef TG_STORE_INSTALLATION_H
#define TG_STORE_INSTALLATION_H

#include "db/db.h"

/* Existing users of these ids (a JSON list) become superadmins; *promoted says how many. */
bool installation_superadmins(
    struct db *db, const char *telegram_ids, int64_t *promoted, struct err *err) MUST_CHECK;

/* The address pool of WireGuard: 10.70.0.0/24 behind 10.70.0.1. `id` is used when there is none. */
bool installation_pool(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* Partitions of the log for today and 14 days ahead, of the audit log for three months. */
bool installation_partitions(struct db *db, struct err *err) MUST_CHECK;

/* Whether no tracegate-init-db has ever come to its end here: there is no epoch yet. */
bool installation_is_new(struct db *db, bool *is_new, struct err *err) MUST_CHECK;

/* The history that this database is: its epoch, unless it has one. */
bool installation_incarnation(struct db *db, const char *epoch, struct err *err) MUST_CHECK;

#endif
