#include "agent/state.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum {
    PATH_SIZE = 4096,
    VERSION = 2,
    FREE_MIB_LEAST = 64,
    BUSY_MS = 200 /* for which an operator who writes into it may stop the loop */
};

static const char *const files[] = {"state.db", "state.db-wal", "state.db-shm"};

/* Small: the working set is a batch. A transaction larger than the cache spills into the WAL. */
static const char pragmas[] = "pragma journal_mode = wal; pragma synchronous = full;"
                              "pragma cache_size = -1024; pragma journal_size_limit = 4194304;"
                              "pragma mmap_size = 0; pragma temp_store = file;";

/* -- the folder ---------------------------------------------------------------------------- */

static bool
open_root(struct state *state, const char *root, struct err *err)
{
    if (mkdir(root, 0700) != 0 && errno != EEXIST)
        return err_say(err, ERR_SETTINGS, "%s cannot be made: %s", root, strerror(errno));
    state->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (state->root < 0 || fchmod(state->root, 0700) != 0)
        return err_say(err, ERR_SETTINGS, "%s cannot be used: %s", root, strerror(errno));
    if (flock(state->root, LOCK_EX | LOCK_NB) != 0)
        return err_say(err, ERR_SETTINGS, "%s is in use by another agent", root);
    return true;
}

/* SQLite gives its other files the mode of this one. */
static bool
make_file(const struct state *state, struct err *err)
{
    int fd = openat(state->root, files[0], O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 || fchmod(fd, 0600) != 0) {
        if (fd >= 0)
            close(fd);
        return err_say(err, ERR_SETTINGS, "the state file cannot be made: %s", strerror(errno));
    }
    close(fd);
    return true;
}

static bool
move_aside(struct state *state, struct err *err)
{
    char name[64];

    sql_close(&state->sql);
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(name, sizeof(name), "%s.damaged-%lld", files[i], (long long)time(NULL));
        if (renameat(state->root, files[i], state->root, name) != 0 && errno != ENOENT)
            return err_say(
                err, ERR_SETTINGS, "the damaged state cannot be moved aside: %s", strerror(errno));
    }
    state->was_damaged = true;
    return true;
}

/* -- the file ------------------------------------------------------------------------------ */

static int64_t
first_number(struct sql *sql, const char *question)
{
    sqlite3_stmt *rows = NULL;
    int64_t number = -1;

    if (sqlite3_prepare_v2(sql->db, question, -1, &rows, NULL) == SQLITE_OK &&
        sqlite3_step(rows) == SQLITE_ROW)
        number = sqlite3_column_int64(rows, 0);
    sqlite3_finalize(rows);
    return number;
}

/* Only what the file itself says: a full disk or a lock is no damage. */
static bool
is_damaged(struct sql *sql)
{
    sqlite3_stmt *rows = NULL;
    bool damaged = false;

    if (sqlite3_prepare_v2(sql->db, "pragma integrity_check(1)", -1, &rows, NULL) == SQLITE_OK &&
        sqlite3_step(rows) == SQLITE_ROW)
        damaged = !str_eq((const char *)sqlite3_column_text(rows, 0), "ok");
    sqlite3_finalize(rows);
    int code = sqlite3_errcode(sql->db) & 0xff;
    return damaged || code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

static bool
open_file(struct state *state, const char *root, struct err *err)
{
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", root, files[0]);

    if (length < 0 || (size_t)length >= sizeof(path))
        return err_say(err, ERR_SETTINGS, "AGENT_DATA_ROOT is too long");
    if (!make_file(state, err))
        return false;
    if (sqlite3_open_v2(path, &state->sql.db,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
        return err_say(err, ERR_SETTINGS, "the state file cannot be opened");
    sqlite3_busy_timeout(state->sql.db, BUSY_MS);
    return true;
}

static void
take_text(char *to, size_t size, sqlite3_stmt *rows, int column)
{
    const unsigned char *text = sqlite3_column_text(rows, column);

    snprintf(to, size, "%s", text == NULL ? "" : (const char *)text);
}

static bool
read_meta(struct state *state, struct err *err)
{
    const struct sql_arg none[] = {SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_META_READ, none);
    struct meta *meta = &state->meta;

    if (sql_next(&state->sql, rows)) {
        take_text(meta->epoch, sizeof(meta->epoch), rows, 0);
        meta->known = sqlite3_column_int(rows, 1) != 0;
        meta->complete = sqlite3_column_int(rows, 2) != 0;
        meta->max_token = sqlite3_column_int64(rows, 3);
        meta->desired_gen = sqlite3_column_int64(rows, 4);
        meta->snapshots = sqlite3_column_int64(rows, 5);
        take_text(meta->snapshot, sizeof(meta->snapshot), rows, 6);
    }
    sql_end(rows);
    return sql_done(&state->sql, err);
}

/* A file of a newer agent is nobody's damage: it is left as it is. One of an older form is begun
 * anew: it knows nothing, so that nothing is removed before the snapshot that it asks for. */
static bool
prepare(struct state *state, struct err *err)
{
    if (!sql_script(&state->sql, pragmas, err))
        return false;
    int64_t version = first_number(&state->sql, "pragma user_version");
    if (version > VERSION)
        return err_say(err, ERR_SETTINGS, "the state file is of a newer agent");
    if (version > 0 && version < VERSION && !sql_script(&state->sql, sql_drop, err))
        return false;
    return sql_script(&state->sql, sql_tables, err) && read_meta(state, err);
}

bool
state_open(struct state *state, const char *root, struct err *err)
{
    *state = (struct state){.root = -1, .free_bytes_least = (int64_t)FREE_MIB_LEAST << 20};
    if (!open_root(state, root, err) || !open_file(state, root, err))
        return false;
    if (is_damaged(&state->sql) && (!move_aside(state, err) || !open_file(state, root, err)))
        return false;
    return prepare(state, err);
}

void
state_close(struct state *state)
{
    struct err err;

    if (state->transaction == LAZY && !state_commit(state, &err))
        state_rollback(state); /* the marks are found again */
    sql_close(&state->sql);
    if (state->root >= 0)
        close(state->root);
    state->root = -1;
}

/* -- transactions -------------------------------------------------------------------------- */

int64_t
state_free_bytes(const struct state *state)
{
    struct statvfs disk;

    if (fstatvfs(state->root, &disk) != 0)
        return 0;
    return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

bool
state_room(const struct state *state, struct err *err)
{
    return state_free_bytes(state) >= state->free_bytes_least || err_set(err, ERR_STATE_FULL);
}

bool
state_begin(struct state *state, enum transaction transaction, struct err *err)
{
    const struct sql_arg none[] = {SQL_END};
    static const char *const modes[] = {
        [LAZY] = "pragma synchronous = normal",
        [ALONE] = "pragma synchronous = normal",
        [DURABLE] = "pragma synchronous = full",
    };

    if (state->transaction == LAZY && transaction == LAZY)
        return true;
    if (state->transaction != IDLE && !state_commit(state, err))
        return false;
    if (!sql_script(&state->sql, modes[transaction], err) ||
        !sql_run(&state->sql, SQL_BEGIN, none, err))
        return false;
    state->transaction = transaction;
    state->before = state->meta;
    state->begun_at = time_monotonic();
    return true;
}

bool
state_commit(struct state *state, struct err *err)
{
    const struct sql_arg none[] = {SQL_END};

    if (state->transaction == IDLE)
        return true;
    if (!sql_run(&state->sql, SQL_COMMIT, none, err)) {
        state_rollback(state);
        return false;
    }
    state->transaction = IDLE;
    return true;
}

/* After some errors SQLite has rolled back by itself; then there is nothing left to do. */
void
state_rollback(struct state *state)
{
    const struct sql_arg none[] = {SQL_END};
    struct err err;

    if (state->transaction == IDLE)
        return;
    if (sqlite3_get_autocommit(state->sql.db) == 0 &&
        !sql_run(&state->sql, SQL_ROLLBACK, none, &err))
        assert(sqlite3_get_autocommit(state->sql.db) != 0);
    state->marks_lost = state->marks_lost || state->transaction == LAZY;
    state->meta = state->before;
    state->transaction = IDLE;
}

bool
state_write_meta(struct state *state, struct err *err)
{
    const struct meta *meta = &state->meta;
    const struct sql_arg args[] = {sql_text(*meta->epoch == '\0' ? NULL : meta->epoch),
        sql_int(meta->known), sql_int(meta->complete), sql_int(meta->max_token),
        sql_int(meta->desired_gen), sql_int(meta->snapshots),
        sql_text(*meta->snapshot == '\0' ? NULL : meta->snapshot), SQL_END};

    assert(state->transaction != IDLE);
    return sql_run(&state->sql, SQL_META_WRITE, args, err);
}

bool
converged_read(struct state *state, const char *component, int64_t *gen, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_CONVERGED_READ, args);

    *gen = sql_next(&state->sql, rows) ? sqlite3_column_int64(rows, 0) : 0;
    sql_end(rows);
    return sql_done(&state->sql, err);
}

bool
converged_write(struct state *state, const char *component, int64_t gen, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_int(gen), SQL_END};

    return sql_run(&state->sql, SQL_CONVERGED_WRITE, args, err);
}
