#include "db/migrate.h"

#include <dirent.h>
#include <errno.h>
#include <libpq-fe.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "crypto/digest.h"

enum {
    FILE_BYTES_MAX = 4 << 20,
    FILES_MAX = 999
};

/* -- the files ----------------------------------------------------------------------------- */

static int
is_sql(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 4 && str_eq(entry->d_name + length - 4, ".sql");
}

static bool
has_number(const char *name)
{
    return strspn(name, "0123456789") == 4 && name[4] == '_';
}

static bool
read_file(const char *folder, const char *name, struct arena *arena, struct migration *migration,
    struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    char *checksum = arena_alloc(arena, SHA256_HEX_SIZE);
    char *sql;
    size_t size;

    if (!has_number(name))
        return err_say(err, ERR_MIGRATION, "%s: the name must be NNNN_subject.sql", name);
    if (!fs_read(path, FILE_BYTES_MAX, arena, &sql, &size, err))
        return false;
    sha256_hex(sql, size, checksum);
    *migration =
        (struct migration){strtol(name, NULL, 10), arena_strdup(arena, name), sql, checksum};
    return true;
}

static bool
read_files(const char *folder, struct dirent **entries, int count, struct arena *arena,
    struct list *files, struct err *err)
{
    struct migration *migrations = arena_alloc(arena, (size_t)count * sizeof(*migrations));

    for (int i = 0; i < count; i++) {
        if (!read_file(folder, entries[i]->d_name, arena, &migrations[i], err))
            return false;
        if (i > 0 && migrations[i].version == migrations[i - 1].version)
            return err_say(
                err, ERR_MIGRATION, "%s: another file has this number", migrations[i].name);
    }
    *files = (struct list){migrations, (size_t)count};
    return true;
}

bool
migrate_read(const char *folder, struct arena *arena, struct list *files, struct err *err)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_sql, alphasort);

    if (count < 0)
        return err_say(err, ERR_FILE, "%s: %s", folder, strerror(errno));
    bool done = count > 0 ? read_files(folder, entries, count, arena, files, err)
                          : err_say(err, ERR_FILE, "%s: no migrations are there", folder);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    return done;
}

/* -- the database -------------------------------------------------------------------------- */

static const char PREPARE[] =
    "set statement_timeout = '1h'; set client_min_messages = warning; set timezone = 'UTC'";
static const char LOCK[] = "select pg_advisory_lock(73284923)";
static const char KNOWN[] =
    "create table if not exists schema_migration (version integer primary key,"
    " name text not null, checksum text not null,"
    " applied_at timestamptz not null default now())";
static const char FOREIGN[] = "select to_regclass('public.tg_user') is not null"
                              " and to_regclass('public.schema_migration') is null";
static const char APPLIED[] = "select version, checksum from schema_migration order by version";
static const char APPLY[] =
    "insert into schema_migration (version, name, checksum) values ($1, $2, $3)";

static void
release_result(void *result)
{
    PQclear(result);
}

/* The result, in the arena; NULL after a failure. */
static PGresult *
ask(struct migrator *migrator, const char *sql, struct err *err)
{
    PGresult *result = PQexec(migrator->conn, sql);
    ExecStatusType status = PQresultStatus(result);

    arena_defer(migrator->arena, release_result, result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return result;
    if (PQstatus(migrator->conn) != CONNECTION_OK)
        err_fill(err, ERR_DATABASE_AWAY);
    else
        err_fill_text(err, ERR_MIGRATION, "%s", PQerrorMessage(migrator->conn));
    return NULL;
}

static bool
open_connection(struct migrator *migrator, const char *conninfo, struct err *err)
{
    static const char *const names[] = {
        "dbname", "connect_timeout", "fallback_application_name", NULL};
    const char *const values[] = {conninfo, "10", "tracegate-init-db", NULL};

    migrator->conn = PQconnectdbParams(names, values, 1);
    if (PQstatus(migrator->conn) != CONNECTION_OK)
        return err_set(err, ERR_DATABASE_AWAY);
    return ask(migrator, PREPARE, err) != NULL;
}

bool
migrate_open(struct migrator *migrator, const char *conninfo, const char *folder,
    struct arena *arena, struct err *err)
{
    *migrator = (struct migrator){.arena = arena};
    return migrate_read(folder, arena, &migrator->files, err) &&
        open_connection(migrator, conninfo, err) && ask(migrator, LOCK, err) != NULL;
}

void
migrate_close(struct migrator *migrator)
{
    PQfinish(migrator->conn);
    migrator->conn = NULL;
}

static bool
is_ours(struct migrator *migrator, struct err *err)
{
    PGresult *result = ask(migrator, FOREIGN, err);

    if (result == NULL)
        return false;
    return str_eq(PQgetvalue(result, 0, 0), "f") || err_set(err, ERR_INSTALLATION);
}

/* The rows of `applied` must be the first files, unchanged. */
static bool
check_applied(const struct migrator *migrator, const PGresult *applied, struct err *err)
{
    const struct migration *files = migrator->files.at;

    for (int i = 0; i < PQntuples(applied); i++) {
        if ((size_t)i >= migrator->files.count ||
            files[i].version != strtol(PQgetvalue(applied, i, 0), NULL, 10))
            return err_say(err, ERR_MIGRATION, "migration %s is not among these files",
                PQgetvalue(applied, i, 0));
        if (!str_eq(files[i].checksum, PQgetvalue(applied, i, 1)))
            return err_say(
                err, ERR_MIGRATION, "%s has changed since it was applied", files[i].name);
    }
    return true;
}

static bool
apply_one(struct migrator *migrator, const struct migration *migration, struct err *err)
{
    const char *values[] = {arena_printf(migrator->arena, "%lld", (long long)migration->version),
        migration->name, migration->checksum};

    if (ask(migrator, "begin", err) == NULL || ask(migrator, migration->sql, err) == NULL)
        return false;
    PGresult *row = PQexecParams(migrator->conn, APPLY, 3, NULL, values, NULL, NULL, 0);
    arena_defer(migrator->arena, release_result, row);
    if (PQresultStatus(row) != PGRES_COMMAND_OK)
        return err_say(err, ERR_MIGRATION, "%s", PQerrorMessage(migrator->conn));
    return ask(migrator, "commit", err) != NULL;
}

bool
migrate_apply(struct migrator *migrator, migrate_report_fn *report, struct err *err)
{
    const struct migration *files = migrator->files.at;
    PGresult *applied;

    if (!is_ours(migrator, err) || ask(migrator, KNOWN, err) == NULL ||
        (applied = ask(migrator, APPLIED, err)) == NULL || !check_applied(migrator, applied, err))
        return false;
    for (size_t i = (size_t)PQntuples(applied); i < migrator->files.count; i++) {
        struct err cause = {0};

        if (!apply_one(migrator, &files[i], &cause))
            return err_say(err, cause.code, "%s: %s", files[i].name, cause.detail);
        report(&files[i]);
    }
    return true;
}

bool
migrate_is_current(const char *conninfo, const struct list *files, struct err *err)
{
    struct arena arena = {0};
    struct migrator migrator = {.arena = &arena, .files = *files};
    PGresult *applied = NULL;
    bool current = false;

    if (open_connection(&migrator, conninfo, err) &&
        (applied = ask(&migrator, APPLIED, err)) != NULL && check_applied(&migrator, applied, err))
        current = (size_t)PQntuples(applied) == files->count || err_set(err, ERR_MIGRATION);
    migrate_close(&migrator);
    arena_reset(&arena);
    return current;
}
