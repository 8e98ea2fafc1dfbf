/*
 * size USERS RUNS EXPLAINED: every list and single read, in a database of that many users, through
 * the functions that the handlers call. Prints a line each: the read, rows, p50 and p99 in
 * microseconds from the call to the decoded records, and the same of what the server's process has
 * worked for it, which other work on the machine does not lengthen. A slow read is cut short. The
 * plans go into the file EXPLAINED.
 */
#include "bench/size.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/rand.h"

enum {
    FILE_BYTES_MAX = 1 << 20,
    EXPLAINED_RUNS = 7, /* from the sixth on a prepared statement may have a plan for any value */
    RUNS_MIN = 20,      /* however long they take */
    LIMIT_MS = 3600000
};

#define ENOUGH_USEC (10 * USEC_SEC) /* of one read */

/* -- runs ---------------------------------------------------------------------------------- */

static void
fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* What the server's process has worked so far, in microseconds. */
static int64_t
worked(struct bench *bench)
{
    char path[64];
    int64_t ns = 0;

    if (bench->db.conn == NULL)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", PQbackendPID(bench->db.conn));
    FILE *file = fopen(path, "r");
    if (file == NULL || fscanf(file, "%" SCNd64, &ns) != 1)
        fail(path, "cannot be read");
    fclose(file);
    return ns / 1000;
}

struct times {
    int64_t *whole, *work; /* microseconds */
};

static void
run_once(struct bench *bench, size_t read, int64_t *whole, int64_t *work)
{
    arena_reset(&bench->arena);
    db_turn(&bench->db, &bench->arena);
    bench->user = 1 + (int64_t)rand_below((uint64_t)bench->users);
    int64_t before = worked(bench);
    usec_t began = time_monotonic();
    if (!reads[read].run(bench))
        fail(reads[read].title, bench->err.detail);
    *whole = time_monotonic() - began;
    *work = worked(bench) - before;
}

static int
compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* p50 and p99. */
static void
print_times(int64_t *times, size_t runs)
{
    qsort(times, runs, sizeof(*times), compare);
    printf("\t%" PRId64 "\t%" PRId64, times[runs / 2], times[runs * 99 / 100]);
}

static void
measure(struct bench *bench, size_t read, size_t runs)
{
    struct times times = {calloc(runs, sizeof(int64_t)), calloc(runs, sizeof(int64_t))};
    usec_t end = time_monotonic() + ENOUGH_USEC;
    size_t rows = 0, done = 0;

    if (times.whole == NULL || times.work == NULL)
        fail(reads[read].title, "no memory");
    for (; done < runs && (done < RUNS_MIN || time_monotonic() < end); done++) {
        run_once(bench, read, &times.whole[done], &times.work[done]);
        rows = bench->rows > rows ? bench->rows : rows;
    }
    printf("%s\t%zu", reads[read].title, rows);
    print_times(times.whole, done);
    print_times(times.work, done);
    putchar('\n');
    fflush(stdout);
    free(times.whole);
    free(times.work);
}

/* -- the database -------------------------------------------------------------------------- */

static void
ask(PGconn *conn, const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail("size", PQerrorMessage(conn));
    PQclear(result);
}

/* The text with each @USERS@ replaced. */
static const char *
with_users(const char *text, int64_t users, struct arena *arena)
{
    const char *out = "";

    for (const char *at; (at = strstr(text, "@USERS@")) != NULL; text = at + strlen("@USERS@"))
        out = arena_printf(arena, "%s%.*s%" PRId64, out, (int)(at - text), text, users);
    return arena_printf(arena, "%s%s", out, text);
}

static void
make_database(const char *server, int64_t users)
{
    struct arena arena = {0};
    PGconn *conn = PQconnectdb(server);
    struct err err;
    char *sql;
    size_t size;

    ask(conn, "create database size template tg_template");
    ask(conn, "alter system set max_wal_size = '16GB'");
    ask(conn, "select pg_reload_conf()");
    PQfinish(conn);
    if (!fs_read("test/bench/size.sql", FILE_BYTES_MAX, &arena, &sql, &size, &err))
        fail("size.sql", err.detail);
    conn = PQconnectdb(arena_printf(&arena, "%s dbname=size", server));
    const char *vacuum = strstr(sql, "vacuum analyze;");
    ask(conn, with_users(arena_printf(&arena, "%.*s", (int)(vacuum - sql), sql), users, &arena));
    ask(conn, "set maintenance_work_mem = '1GB'");
    ask(conn, vacuum);
    PQfinish(conn);
    arena_reset(&arena);
}

/* -- plans --------------------------------------------------------------------------------- */

static void
explain_from_now_on(const char *server, const char *value)
{
    PGconn *conn = PQconnectdb(server);
    char sql[512];

    snprintf(sql, sizeof(sql),
        "alter database size set session_preload_libraries = 'auto_explain';"
        "alter database size set auto_explain.log_min_duration = '%s';"
        "alter database size set auto_explain.log_analyze = on;"
        "alter database size set auto_explain.log_buffers = on",
        value);
    ask(conn, sql);
    PQfinish(conn);
}

/* What the server has logged since `from`, into the file. */
static void
keep_log(const char *server, long from, const char *path)
{
    char folder[256] = "", name[512], line[4096];

    if (sscanf(server, "host=%255s", folder) != 1)
        fail(server, "no host=");
    snprintf(name, sizeof(name), "%s/log", folder);
    FILE *log = fopen(name, "r"), *kept = fopen(path, "w");
    if (log == NULL || kept == NULL || fseek(log, from, SEEK_SET) != 0)
        fail(name, "cannot be read, or the plans not be kept");
    while (fgets(line, sizeof(line), log) != NULL)
        fputs(line, kept);
    fclose(log);
    fclose(kept);
}

static void
bench_open(struct bench *bench, const char *server)
{
    static char conninfo[512];

    snprintf(conninfo, sizeof(conninfo), "%s dbname=size", server);
    db_init(&bench->db, conninfo);
    bench->db.statement_ms = bench->db.lock_ms = LIMIT_MS;
}

static void
explain(struct bench *bench, const char *server, const char *path)
{
    int64_t whole, work;

    explain_from_now_on(server, "0");
    bench_open(bench, server);
    for (size_t i = 0; i < reads_count; i++) {
        for (int run = 0; run < EXPLAINED_RUNS; run++)
            run_once(bench, i, &whole, &work);
    }
    arena_reset(&bench->arena);
    db_free(&bench->db);
    explain_from_now_on(server, "-1");
    keep_log(server, 0, path);
}

int
main(int argc, char **argv)
{
    const char *server = getenv("TEST_DATABASE");
    struct bench bench = {0};

    if (argc != 4 || server == NULL)
        fail("usage", "test/with-database size USERS RUNS EXPLAINED");
    bench.users = strtol(argv[1], NULL, 10);
    make_database(server, bench.users);
    explain(&bench, server, argv[3]);
    bench_open(&bench, server);
    for (size_t i = 0; i < reads_count; i++)
        measure(&bench, i, (size_t)strtol(argv[2], NULL, 10));
    arena_reset(&bench.arena);
    db_free(&bench.db);
    return EXIT_SUCCESS;
}
