#include "daemons/init_db/old.h"

#include <libpq-fe.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/text.h"
#include "db/migrate.h"
#include "harness/check.h"

#define FILL "test/daemons/init_db/old.sql"

enum {
    FILL_BYTES_MAX = 1 << 20,
    DUMP_ARGS = 10
};

struct arena old_arena;
static PGconn *conn;
static char conninfo[512];
static const char *program, *fill_text;
static struct list files;

/* -- the database -------------------------------------------------------------------------- */

static const char *
ask(PGconn *of, const char *sql)
{
    PGresult *result = PQexec(of, sql);
    ExecStatusType status = PQresultStatus(result);
    const char *value = "";

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        check_failed(sql, "%s", PQerrorMessage(of));
    if (PQntuples(result) > 0)
        value = arena_strdup(&old_arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

/* "create", "drop" */
static void
on_server(const char *verb, const char *how)
{
    PGconn *server = PQconnectdb(getenv("TEST_DATABASE"));

    ask(server, arena_printf(&old_arena, "%s database o_%d %s", verb, (int)getpid(), how));
    PQfinish(server);
}

const char *
old_ask(const char *sql)
{
    return ask(conn, sql);
}

const char *
old_conninfo(void)
{
    return conninfo;
}

/* -- what it holds ------------------------------------------------------------------------- */

const char *
old_revision(int64_t stage)
{
    static const char *const revisions[OLD_STAGES] = {"10691de66f04", "92b17df9933b",
        "9a47b278d21c", "4c2a0f3d3b1a", "b7e6a1f4c2d9", "8f2d6f1eab44", "c4d9b7a8ef01"};

    return revisions[stage - 1];
}

/* The sections are headed "== FIRST LAST", in stages. */
static void
fill(int64_t stage)
{
    for (const char *at = strstr(fill_text, "\n== "), *next; at != NULL; at = next) {
        const char *sql = at + strlen("\n== 1 7\n");

        next = strstr(sql, "\n== ");
        if (stage >= at[4] - '0' && stage <= at[6] - '0')
            old_ask(arena_printf(
                &old_arena, "%.*s", next == NULL ? (int)strlen(sql) : (int)(next - sql), sql));
    }
}

void
old_make(const struct old *old)
{
    const struct migration *migrations = files.at;

    old_ask("drop schema public cascade; create schema public"); /* a database takes longer */
    for (int64_t i = 0; i < old->stage; i++)
        old_ask(arena_printf(&old_arena, "begin; %s; commit", migrations[i].sql));
    if (old->filled)
        fill(old->stage);
    if (old->stamped)
        old_ask(arena_printf(&old_arena,
            "create table alembic_version (version_num varchar(32) not null,"
            " constraint alembic_version_pkc primary key (version_num));"
            " insert into alembic_version values ('%s')",
            old_revision(old->stage)));
}

void
old_open(void)
{
    const char *server = getenv("TEST_DATABASE");
    struct err err = {0};
    char self[PATH_MAX] = "", *text;
    size_t size;

    if (server == NULL || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 ||
        !migrate_read("sql", &old_arena, &files, &err) ||
        !fs_read(FILL, FILL_BYTES_MAX, &old_arena, &text, &size, &err)) {
        fprintf(stderr, "no test database, or %s\n", err.detail);
        exit(EXIT_FAILURE);
    }
    fill_text = text;
    *strstr(self, "/test/") = '\0';
    program = arena_printf(&old_arena, "%s/bin/tracegate-init-db", self);
    snprintf(conninfo, sizeof(conninfo), "%s dbname=o_%d", server, (int)getpid());
    on_server("create", "");
    conn = PQconnectdb(conninfo);
    old_ask("set client_min_messages = warning");
}

void
old_close(void)
{
    PQfinish(conn);
    on_server("drop", "with (force)");
    arena_reset(&old_arena);
}

/* -- programs ------------------------------------------------------------------------------ */

/* Its two outputs, or only the first one: what it writes to the other is not to be compared. */
static pid_t
start(char *const *argv, bool both, int *output)
{
    int ends[2];

    CHECK(pipe(ends) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        if (both)
            dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        setenv("DATABASE_URL", conninfo, 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    close(ends[1]);
    *output = ends[0];
    return pid;
}

static const char *
read_all(int output)
{
    struct text text = {.arena = &old_arena};
    char piece[4096];

    text_put(&text, "");
    for (ssize_t size; (size = read(output, piece, sizeof(piece))) > 0;)
        text_add(&text, piece, (size_t)size);
    close(output);
    return text.data;
}

int
old_wait(pid_t pid)
{
    int status = 0;

    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t
start_listed(int *output, va_list words)
{
    char *argv[OLD_ARGS_MAX + 2] = {arena_strdup(&old_arena, program)};
    size_t count = 1;

    for (const char *word; count <= OLD_ARGS_MAX && (word = va_arg(words, const char *)) != NULL;)
        argv[count++] = arena_strdup(&old_arena, word);
    return start(argv, true, output);
}

pid_t
old_start(int *output, ...)
{
    va_list words;

    va_start(words, output);
    pid_t pid = start_listed(output, words);
    va_end(words);
    return pid;
}

int
old_run(const char **said, ...)
{
    va_list words;
    int output;

    va_start(words, said);
    pid_t pid = start_listed(&output, words);
    va_end(words);
    *said = read_all(output);
    return old_wait(pid);
}

bool
old_says(int output, const char *word)
{
    char line[4096];
    size_t size = 0;

    while (size < sizeof(line) - 1 && read(output, line + size, 1) == 1) {
        line[++size] = '\0';
        if (strstr(line, word) != NULL)
            return true;
        if (line[size - 1] == '\n')
            size = 0;
    }
    return false;
}

/* -- comparing ----------------------------------------------------------------------------- */

/* pg_dump puts a word made anew each time into lines that begin with a backslash. */
static const char *
without_backslash(const char *dump)
{
    struct text text = {.arena = &old_arena};

    text_put(&text, "");
    for (const char *line = dump; *line != '\0';) {
        size_t size = strcspn(line, "\n") + 1;

        if (line[size - 1] == '\0')
            size--;
        if (*line != '\\')
            text_add(&text, line, size);
        line += size;
    }
    return text.data;
}

const char *
old_schema(void)
{
    const char *const words[DUMP_ARGS] = {
        "pg_dump", "-s", "-T", "outbox_event_2*", "-T", "audit_log_2*", "-d", conninfo};
    char *argv[DUMP_ARGS] = {NULL};
    int output;

    for (size_t i = 0; words[i] != NULL; i++)
        argv[i] = arena_strdup(&old_arena, words[i]);
    pid_t pid = start(argv, false, &output);
    const char *dump = read_all(output);
    CHECK_INT(0, old_wait(pid));
    return without_backslash(dump);
}

const char *
old_contents(void)
{
    static const char tables[] =
        "select string_agg(format('select %L || coalesce(md5(string_agg(t::text, '','' order by"
        " t::text)), '''') as line from %s t', oid::regclass, oid::regclass), ' union all ')"
        " from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'";
    const char *rows = old_ask(tables);

    return *rows == '\0'
        ? old_schema()
        : arena_printf(&old_arena, "%s%s", old_schema(),
              old_ask(arena_printf(&old_arena,
                  "select string_agg(line, ' ' order by line) from (%s) as lines", rows)));
}
