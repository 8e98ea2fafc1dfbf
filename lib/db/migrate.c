#include "db/migrate.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>

#include "base/str.h"

enum {
    REPORT_MS = 5000
};

/* A server whose client is gone gives up by itself, so that the next one need not wait for it. */
static const char PREPARE[] =
    "set statement_timeout = '1h'; set client_connection_check_interval = '2s';"
    " set client_min_messages = warning; set timezone = 'UTC'";
static const char TRY_LOCK[] = "select pg_try_advisory_lock(73284923)";
static const char LOCK[] = "select pg_advisory_lock(73284923)";
static const char KNOWN[] =
    "create table if not exists schema_migration (version integer primary key,"
    " name text not null, checksum text not null,"
    " applied_at timestamptz not null default now())";
static const char FOREIGN[] = "select to_regclass('public.tg_user') is not null,"
                              " to_regclass('public.schema_migration') is not null";
static const char APPLIED[] = "select version, checksum from schema_migration order by version";
static const char APPLY[] =
    "insert into schema_migration (version, name, checksum) values ($1, $2, $3)";
static const char CLAIM[] =
    "create table if not exists alembic_version (version_num varchar(32) not null,"
    " constraint alembic_version_pkc primary key (version_num));"
    " delete from alembic_version; insert into alembic_version values ('" MIGRATE_CLAIM "')";

/* -- statements ---------------------------------------------------------------------------- */

static void
release_result(void *result)
{
    PQclear(result);
}

static void
tell(struct migrator *migrator)
{
    migrator->step.seconds = (time_monotonic() - migrator->began) / USEC_SEC;
    if (migrator->report != NULL)
        migrator->report(&migrator->step);
}

/* The next result, and meanwhile a word now and then. NULL: there is none. */
static PGresult *
next_result(struct migrator *migrator)
{
    struct pollfd server = {.fd = PQsocket(migrator->conn), .events = POLLIN};

    while (PQisBusy(migrator->conn)) {
        if (poll(&server, 1, REPORT_MS) == 0)
            tell(migrator);
        else if (!PQconsumeInput(migrator->conn))
            break;
    }
    return PQgetResult(migrator->conn);
}

/* The last result of what was sent, in the arena; NULL after a failure. */
static PGresult *
collect(struct migrator *migrator, int sent, struct err *err)
{
    PGresult *last = NULL;

    for (PGresult *next; sent && (next = next_result(migrator)) != NULL; last = next)
        PQclear(last);
    arena_defer(migrator->arena, release_result, last);
    ExecStatusType status = PQresultStatus(last);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
        return last;
    if (PQstatus(migrator->conn) != CONNECTION_OK)
        err_fill(err, ERR_DATABASE_AWAY);
    else
        err_fill_text(err, ERR_MIGRATION, "%s", PQerrorMessage(migrator->conn));
    return NULL;
}

static PGresult *
ask(struct migrator *migrator, const char *sql, struct err *err)
{
    return collect(migrator, PQsendQuery(migrator->conn, sql), err);
}

/* -- the connection ------------------------------------------------------------------------ */

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

static bool
take_lock(struct migrator *migrator, struct err *err)
{
    PGresult *result = ask(migrator, TRY_LOCK, err);

    if (result == NULL || str_eq(PQgetvalue(result, 0, 0), "t"))
        return result != NULL;
    tell(migrator);
    return ask(migrator, LOCK, err) != NULL;
}

bool
migrate_open(struct migrator *migrator, const char *conninfo, const char *folder,
    migrate_report_fn *report, struct arena *arena, struct err *err)
{
    *migrator = (struct migrator){.arena = arena, .report = report, .began = time_monotonic()};
    return migrate_read(folder, arena, &migrator->files, err) &&
        open_connection(migrator, conninfo, err) && take_lock(migrator, err);
}

void
migrate_close(struct migrator *migrator)
{
    PQfinish(migrator->conn);
    migrator->conn = NULL;
}

/* -- what is applied ----------------------------------------------------------------------- */

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

/* Nothing is made in a database of somebody else. Our table without a row beside his is his. */
static bool
find_applied(struct migrator *migrator, size_t *count, struct err *err)
{
    PGresult *foreign = ask(migrator, FOREIGN, err), *applied;

    if (foreign == NULL)
        return false;
    bool users = str_eq(PQgetvalue(foreign, 0, 0), "t");
    bool known = str_eq(PQgetvalue(foreign, 0, 1), "t");
    if (users && !known)
        return err_set(err, ERR_INSTALLATION);
    if (ask(migrator, KNOWN, err) == NULL || (applied = ask(migrator, APPLIED, err)) == NULL)
        return false;
    if (users && PQntuples(applied) == 0)
        return err_set(err, ERR_INSTALLATION);
    *count = (size_t)PQntuples(applied);
    return check_applied(migrator, applied, err);
}

/* -- changes ------------------------------------------------------------------------------- */

static bool
record(struct migrator *migrator, const struct migration *migration, struct err *err)
{
    const char *values[] = {arena_printf(migrator->arena, "%lld", (long long)migration->version),
        migration->name, migration->checksum};
    int sent = PQsendQueryParams(migrator->conn, APPLY, 3, NULL, values, NULL, NULL, 0);

    return collect(migrator, sent, err) != NULL;
}

static bool
apply_one(struct migrator *migrator, const struct migration *migration, struct err *err)
{
    return ask(migrator, "begin", err) != NULL && ask(migrator, migration->sql, err) != NULL &&
        record(migrator, migration, err) && ask(migrator, "commit", err) != NULL;
}

bool
migrate_apply(struct migrator *migrator, struct err *err)
{
    const struct migration *files = migrator->files.at;
    size_t applied;

    if (!find_applied(migrator, &applied, err))
        return false;
    for (size_t i = applied; i < migrator->files.count; i++) {
        struct err cause = {0};

        migrator->began = time_monotonic();
        migrator->step = (struct migrate_step){&files[i], i + 1, migrator->files.count, 0, false};
        if (!apply_one(migrator, &files[i], &cause))
            return err_say(err, cause.code, "%s: %s", files[i].name, cause.detail);
        migrator->step.done = true;
        tell(migrator);
    }
    return true;
}

bool
migrate_stamp(struct migrator *migrator, size_t count, struct err *err)
{
    const struct migration *files = migrator->files.at;

    if (ask(migrator, "begin", err) == NULL || ask(migrator, KNOWN, err) == NULL ||
        ask(migrator, CLAIM, err) == NULL)
        return false;
    for (size_t i = 0; i < count && i < migrator->files.count; i++) {
        if (!record(migrator, &files[i], err))
            return false;
    }
    return ask(migrator, "commit", err) != NULL;
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
