/* Migrations against an empty database of their own. */
#include "db/migrate.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/scratch.h"

static struct arena arena;
static char conninfo[512];
static int applied;

static void
command(const char *address, const char *sql)
{
    PGconn *conn = PQconnectdb(address);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        check_failed(sql, "%s", PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

static void
drop_database(void)
{
    char sql[128];

    snprintf(sql, sizeof(sql), "drop database if exists m_%d with (force)", (int)getpid());
    command(getenv("TEST_DATABASE"), sql);
}

/* An empty one, and no migration applied. */
static void
fresh_database(void)
{
    char sql[128];

    if (getenv("TEST_DATABASE") == NULL) {
        fputs("no test database: run through test/with-database\n", stderr);
        exit(EXIT_FAILURE);
    }
    drop_database();
    snprintf(sql, sizeof(sql), "create database m_%d", (int)getpid());
    command(getenv("TEST_DATABASE"), sql);
    snprintf(conninfo, sizeof(conninfo), "%s dbname=m_%d", getenv("TEST_DATABASE"), (int)getpid());
    applied = 0;
}

static void
count(const struct migrate_step *step)
{
    applied += step->done;
}

/* "" when all went well, else the code of what did not. */
static const char *
migrate(const char *folder, struct err *err)
{
    struct migrator migrator;
    bool done = migrate_open(&migrator, conninfo, folder, count, &arena, err) &&
        migrate_apply(&migrator, err);

    migrate_close(&migrator);
    return done ? "" : err_kinds[err->code].code;
}

static void
test_an_empty_database_gets_all_and_then_nothing(void)
{
    struct list files;
    struct err err = {0};

    fresh_database();
    CHECK(migrate_read("sql", &arena, &files, &err));
    CHECK(!migrate_is_current(conninfo, &files, &err));
    CHECK_STR("", migrate("sql", &err));
    CHECK_INT((long long)files.count, applied);
    CHECK(migrate_is_current(conninfo, &files, &err));
    CHECK_STR("", migrate("sql", &err));
    CHECK_INT((long long)files.count, applied);
}

static void
test_an_installation_of_an_earlier_program_is_left_alone(void)
{
    struct err err = {0};

    fresh_database();
    command(conninfo, "create table tg_user (telegram_id bigint)");
    CHECK_STR("installation", migrate("sql", &err));
    CHECK_INT(0, applied);
    command(conninfo, "do $$ begin assert to_regclass('schema_migration') is null; end $$");
    command(conninfo, "create table schema_migration (version int, checksum text)");
    CHECK_STR("installation", migrate("sql", &err));
    CHECK_INT(0, applied);
}

static void
write_file(const char *folder, const char *name, const char *text)
{
    FILE *file = fopen(arena_printf(&arena, "%s/%s", folder, name), "w");

    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void
test_a_changed_file_is_refused(const char *folder)
{
    struct err err = {0};

    fresh_database();
    write_file(folder, "0001_a.sql", "create table a (i int);");
    CHECK_STR("", migrate(folder, &err));
    write_file(folder, "0001_a.sql", "create table a (i bigint);");
    CHECK_STR("migration", migrate(folder, &err));
    CHECK(strstr(err.detail, "0001_a.sql has changed") != NULL);
    write_file(folder, "0001_a.sql", "create table a (i int);");
}

static void
test_a_failing_file_leaves_nothing_and_is_tried_again(const char *folder)
{
    struct err err = {0};

    write_file(folder, "0002_b.sql", "create table b (i int); select nonsense;");
    CHECK_STR("migration", migrate(folder, &err));
    CHECK(strstr(err.detail, "0002_b.sql: ") == err.detail);
    command(conninfo,
        "do $$ begin assert to_regclass('b') is null;"
        " assert (select count(*) from schema_migration) = 1; end $$");
    write_file(folder, "0002_b.sql", "create table b (i int);");
    CHECK_STR("", migrate(folder, &err));
    CHECK_INT(2, applied);
}

static void
test_a_database_of_a_later_release_is_refused(const char *folder)
{
    struct err err = {0};

    command(conninfo,
        "insert into schema_migration (version, name, checksum)"
        " values (9, '0009_later.sql', 'x')");
    CHECK_STR("migration", migrate(folder, &err));
    CHECK(strstr(err.detail, "migration 9 is not among these files") != NULL);
}

static void
test_files_are_named_by_number(const char *folder)
{
    struct list files;
    struct err err = {0};

    write_file(folder, "0002_c.sql", "select 1;");
    CHECK(!migrate_read(folder, &arena, &files, &err));
    CHECK(strstr(err.detail, "another file has this number") != NULL);
    unlink(arena_printf(&arena, "%s/0002_c.sql", folder));
    write_file(folder, "last.sql", "select 1;");
    CHECK(!migrate_read(folder, &arena, &files, &err));
    CHECK(strstr(err.detail, "last.sql: the name must be") != NULL);
    CHECK(!migrate_read("/nowhere", &arena, &files, &err));
    CHECK_INT(ERR_FILE, err.code);
}

/* The second waits for the first's lock, and finds everything done. */
static void
test_two_at_once_apply_each_file_once(void)
{
    struct err err = {0};
    int status = -1;

    fresh_database();
    pid_t pid = fork();
    if (pid == 0)
        _exit(*migrate("sql", &err) == '\0' ? 0 : 1);
    CHECK_STR("", migrate("sql", &err));
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    command(conninfo,
        "do $$ begin"
        " assert (select count(distinct version) = count(*) and count(*) > 15"
        " from schema_migration); end $$");
}

static void
test_no_database_is_said(void)
{
    struct migrator migrator;
    struct err err = {0};

    CHECK(!migrate_open(&migrator, "host=/nowhere dbname=x", "sql", count, &arena, &err));
    CHECK_INT(ERR_DATABASE_AWAY, err.code);
    migrate_close(&migrator);
}

int
main(void)
{
    char folder[] = SCRATCH;

    CHECK(mkdtemp(folder) != NULL);
    test_an_empty_database_gets_all_and_then_nothing();
    test_an_installation_of_an_earlier_program_is_left_alone();
    test_a_changed_file_is_refused(folder);
    test_a_failing_file_leaves_nothing_and_is_tried_again(folder);
    test_a_database_of_a_later_release_is_refused(folder);
    test_files_are_named_by_number(folder);
    test_two_at_once_apply_each_file_once();
    test_no_database_is_said();
    drop_database();
    scratch_remove(folder);
    arena_reset(&arena);
    return check_report("db/migrate");
}
