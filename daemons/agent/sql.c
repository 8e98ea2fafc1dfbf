#include "agent/sql.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

/* `since` is the generation from which on a key is not known to be right: while it waits, newer
 * wishes do not move it. `seen` is the last snapshot that named the key. */
const char sql_tables[] =
    "create table if not exists meta (one integer primary key check (one = 1), epoch text,"
    " known integer not null, complete integer not null, max_token integer not null,"
    " desired_gen integer not null, snapshots integer not null, snapshot text);"
    "insert into meta values (1, null, 0, 0, 0, 0, 0, null) on conflict do nothing;"
    "create table if not exists converged (component text primary key, gen integer not null)"
    " without rowid;"
    "create table if not exists artifact (component text not null, key text not null,"
    " ver integer not null, gen integer not null, since integer not null,"
    " removed integer not null, done_ver integer not null default 0,"
    " fails integer not null default 0, max_attempts integer not null, code text, detail text,"
    " seen integer not null default 0, came_at integer not null, payload text, unique (component, key));"
    "create index if not exists artifact_pending on artifact (component, since, removed, key)"
    " where done_ver <> ver and code is null;"
    "create index if not exists artifact_kept on artifact (component) where removed = 0;"
    "create index if not exists artifact_code on artifact (component, key) where code is not null;"
    "create table if not exists part (snapshot text not null, n integer not null,"
    " sum text not null, body text not null, primary key (snapshot, n));"
    "create table if not exists socket (cookie integer primary key, marker text not null,"
    " local text not null, remote text not null);"
    "create index if not exists socket_marker on socket (marker);"
    "pragma user_version = 2;";

const char sql_drop[] = "drop table if exists meta; drop table if exists converged;"
                        "drop table if exists artifact; drop table if exists part;"
                        "drop table if exists socket;";

#define PENDING "done_ver <> ver and code is null"
#define WISH                                                                                       \
    "key, ver, gen, removed, code is not null, payload, fails, max_attempts, done_ver, since,"     \
    " came_at"

static const char *const texts[SQL_STATEMENTS] = {
    [SQL_BEGIN] = "begin immediate",
    [SQL_COMMIT] = "commit",
    [SQL_ROLLBACK] = "rollback",
    [SQL_META_READ] =
        "select epoch, known, complete, max_token, desired_gen, snapshots, snapshot from meta",
    [SQL_META_WRITE] = "update meta set epoch = ?1, known = ?2, complete = ?3, max_token = ?4,"
                       " desired_gen = ?5, snapshots = ?6, snapshot = ?7",
    [SQL_CONVERGED_READ] = "select gen from converged where component = ?1",
    [SQL_CONVERGED_WRITE] = "insert into converged values (?1, ?2) on conflict (component)"
                            " do update set gen = excluded.gen where gen <> excluded.gen",
    [SQL_CONVERGED_RESET] = "update converged set gen = 0",
    /* ?9: whether versions count, which is within one epoch */
    [SQL_PUT] =
        "insert into artifact (component, key, ver, gen, since, removed, payload, max_attempts,"
        " code, seen, came_at) values (?1, ?2, ?3, ?4, ?4, ?5 is null, ?5, ?6, ?7, ?8, ?10)"
        " on conflict (component, key) do update set ver = excluded.ver, gen = excluded.gen,"
        " since = case when ?9 = 0 or done_ver = ver or code is not null then excluded.since"
        " else since end, removed = excluded.removed, payload = excluded.payload, done_ver = 0,"
        " fails = 0, max_attempts = excluded.max_attempts, code = excluded.code, detail = null,"
        " seen = excluded.seen, came_at = excluded.came_at where ?9 = 0 or excluded.ver >= ver",
    [SQL_SEEN] = "update artifact set seen = ?3 where component = ?1 and key = ?2",
    [SQL_FIND] = "select " WISH " from artifact where component = ?1 and key = ?2",
    [SQL_SETTLED] = "select done_ver = ver or code is not null, ver, code, detail from artifact"
                    " where component = ?1 and key = ?2",
    [SQL_PAGE] = "select " WISH " from artifact where component = ?1 and key > ?2 and removed = 0"
                 " order by key limit ?3",
    [SQL_PENDING] = "select " WISH " from artifact where component = ?1 and " PENDING
                    " and (since, removed, key) > (?2, ?3, ?4)"
                    " order by since, removed, key limit ?5",
    [SQL_OLDEST] = "select min(since) from artifact where component = ?1 and " PENDING,
    [SQL_COUNTS] = "select (select count(*) from artifact where component = ?1 and " PENDING "),"
                   " (select count(*) from artifact where component = ?1 and removed = 0)",
    [SQL_DONE] = "update artifact set done_ver = ver, fails = 0, detail = null"
                 " where component = ?1 and key = ?2 and ver = ?3 and " PENDING,
    [SQL_FAILED] = "update artifact set fails = fails + 1, detail = ?4"
                   " where component = ?1 and key = ?2 and ver = ?3",
    [SQL_REJECTED] = "update artifact set code = ?4, detail = ?5"
                     " where component = ?1 and key = ?2 and ver = ?3",
    [SQL_DIFFERS] = "update artifact set done_ver = 0, since = max(since, ?3)"
                    " where component = ?1 and key = ?2 and done_ver = ver and code is null",
    [SQL_REJECTED_LIST] = "select key, ver, code, coalesce(detail, '') from artifact"
                          " where component = ?1 and code is not null order by key limit ?2",
    [SQL_ADOPT] = "update artifact set code = null where component = ?1 and code = 'no_component'",
    [SQL_PART_PUT] = "insert into part values (?1, ?2, ?3, ?4) on conflict (snapshot, n)"
                     " do update set sum = excluded.sum, body = excluded.body",
    [SQL_PART_DROP_OTHERS] = "delete from part where snapshot <> ?1",
    [SQL_PART_DROP_ALL] = "delete from part",
    [SQL_PART_SUMS] = "select n, sum from part where snapshot = ?1 order by n",
    [SQL_PART_BODY] = "select body from part where snapshot = ?1 and n = ?2",
    [SQL_ABSENT] = "update artifact set removed = 1, payload = null, gen = ?2,"
                   " since = case when done_ver = ver or code is not null then ?2 else since end,"
                   " done_ver = 0, fails = 0, code = null, detail = null, seen = ?1, came_at = ?3"
                   " where seen <> ?1 and removed = 0",
    [SQL_EPOCH_RESET] = "update artifact set gen = 0, since = 0",
    [SQL_SOCKET_PUT] = "insert or replace into socket values (?1, ?2, ?3, ?4)",
    [SQL_SOCKET_DROP] = "delete from socket where cookie = ?1",
    [SQL_SOCKET_EACH] = "select cookie, marker, local, remote from socket",
};

struct sql_arg
sql_int(int64_t number)
{
    return (struct sql_arg){SQL_ARG_INT, number, NULL};
}

struct sql_arg
sql_bytes(const char *data, size_t size)
{
    return (struct sql_arg){SQL_ARG_TEXT, (int64_t)size, data};
}

struct sql_arg
sql_text(const char *text)
{
    return sql_bytes(text, text == NULL ? 0 : strlen(text));
}

static void
note(struct sql *sql, int code)
{
    if (sql->failure == SQLITE_OK && code != SQLITE_OK)
        sql->failure = code;
}

static void
bind(struct sql *sql, sqlite3_stmt *statement, const struct sql_arg *args)
{
    for (int i = 0; args[i].type != SQL_ARG_END; i++) {
        if (args[i].type == SQL_ARG_INT)
            note(sql, sqlite3_bind_int64(statement, i + 1, args[i].number));
        else
            note(sql,
                sqlite3_bind_text64(statement, i + 1, args[i].text, (sqlite3_uint64)args[i].number,
                    SQLITE_STATIC, SQLITE_UTF8));
    }
}

sqlite3_stmt *
sql_open(struct sql *sql, enum sql_statement which, const struct sql_arg *args)
{
    sqlite3_stmt **statement = &sql->statements[which];

    if (*statement == NULL)
        note(sql,
            sqlite3_prepare_v3(
                sql->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL));
    if (*statement != NULL) {
        sqlite3_reset(*statement); /* its value is that of the last step, which was noted then */
        bind(sql, *statement, args);
    }
    return *statement;
}

bool
sql_next(struct sql *sql, sqlite3_stmt *rows)
{
    if (sql->failure != SQLITE_OK || rows == NULL)
        return false;
    int code = sqlite3_step(rows);
    if (code == SQLITE_ROW)
        return true;
    note(sql, code == SQLITE_DONE ? SQLITE_OK : code);
    sqlite3_reset(rows);
    return false;
}

void
sql_end(sqlite3_stmt *rows)
{
    sqlite3_reset(rows); /* NULL is a harmless no-op */
}

static enum err_code
kind_of(int code)
{
    switch (code & 0xff) { /* SQLite's extended codes keep the plain one in the low byte */
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return ERR_STATE_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_AGENT_BUSY;
    default:
        return ERR_STATE_BROKEN;
    }
}

bool
sql_done(struct sql *sql, struct err *err)
{
    int code = sql->failure;

    sql->failure = SQLITE_OK;
    return code == SQLITE_OK ||
        err_say(err, kind_of(code), "the state cannot be used: %s", sqlite3_errstr(code));
}

bool
sql_run(struct sql *sql, enum sql_statement which, const struct sql_arg *args, struct err *err)
{
    sqlite3_stmt *rows = sql_open(sql, which, args);

    while (sql_next(sql, rows))
        continue;
    return sql_done(sql, err);
}

bool
sql_script(struct sql *sql, const char *script, struct err *err)
{
    note(sql, sqlite3_exec(sql->db, script, NULL, NULL, NULL));
    return sql_done(sql, err);
}

void
sql_close(struct sql *sql)
{
    for (size_t i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(sql->statements[i]);
    sqlite3_close(sql->db);
    *sql = (struct sql){0};
}
