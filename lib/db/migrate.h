/*
 * Migrations: files NNNN_subject.sql, applied in the order of their numbers, each in a transaction
 * of its own together with the row that says so (schema_migration). Forward only; an applied file
 * that has changed since is refused, and so is a database that somebody else has made, until it is
 * stamped.
 *
 *     struct migrator migrator;
 *
 *     if (migrate_open(&migrator, conninfo, "sql", report, arena, err))     has the lock from here
 *         migrate_apply(&migrator, err);
 *     migrate_close(&migrator);                                             gives it back
 *
 * The advisory lock 73284923 of the session keeps a second one waiting. What was interrupted starts
 * again at the file that was not committed.
 */
#ifndef TG_DB_MIGRATE_H
#define TG_DB_MIGRATE_H

#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"

struct migration {
    int64_t version;
    const char *name; /* of the file */
    const char *sql;
    const char *checksum; /* SHA-256 of the file, hex */
};

struct migrate_step {
    const struct migration *migration; /* being applied; NULL: another one has the lock */
    size_t place, count;               /* of all files, from 1 */
    int64_t seconds;                   /* so far */
    bool done;
};

/* Called when a migration is done, when the lock must be waited for, and every 5 s of a wait. */
typedef void migrate_report_fn(const struct migrate_step *step);

struct migrator {
    struct arena *arena;
    struct pg_conn *conn;
    struct list files; /* struct migration, ascending */
    migrate_report_fn *report;
    struct migrate_step step;
    usec_t began;
};

/* What the version table of the earlier program says from then on: that refuses to work with a
 * revision that it does not know. */
#define MIGRATE_CLAIM "tracegate-c"

/* Reads the files. ERR_FILE, ERR_MIGRATION (two of one number, a name of another form). */
bool migrate_read(
    const char *folder, struct arena *arena, struct list *files, struct err *err) MUST_CHECK;

/* Reads the files, connects, and waits for the lock. ERR_DATABASE_AWAY besides those. */
bool migrate_open(struct migrator *migrator, const char *conninfo, const char *folder,
    migrate_report_fn *report, struct arena *arena, struct err *err) MUST_CHECK;

/* ERR_INSTALLATION: the database holds an installation of an earlier program, untouched.
 * ERR_MIGRATION: a file has changed since it was applied, is newer than these, or failed. */
bool migrate_apply(struct migrator *migrator, struct err *err) MUST_CHECK;

/* The database has what the first `count` files make, from an earlier program: says so, and claims
 * its version table, in one transaction. */
bool migrate_stamp(struct migrator *migrator, size_t count, struct err *err) MUST_CHECK;

/* Whether the newest of the files has been applied, without the lock and without waiting for it. */
bool migrate_is_current(const char *conninfo, const struct list *files, struct err *err) MUST_CHECK;

/* NULL connections are fine. */
void migrate_close(struct migrator *migrator);

#endif
