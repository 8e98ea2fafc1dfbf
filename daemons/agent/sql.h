/*
 * The statements of the state file, each prepared once; their text is in sql.c, all of it.
 *
 *     const struct sql_arg args[] = {sql_text(component), sql_text(key), SQL_END};
 *     sqlite3_stmt *rows = sql_open(sql, SQL_FIND, args);
 *
 *     while (sql_next(sql, rows))
 *         ... sqlite3_column_int64(rows, 0)
 *     return sql_done(sql, err);
 *
 * Columns are valid until the next step. A failure sticks to `sql` until sql_done() has told it.
 */
#ifndef TG_AGENT_SQL_H
#define TG_AGENT_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum sql_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_META_READ,
    SQL_META_WRITE,
    SQL_CONVERGED_READ,
    SQL_CONVERGED_WRITE,
    SQL_CONVERGED_RESET,
    SQL_PUT,
    SQL_SEEN,
    SQL_FIND,
    SQL_SETTLED,
    SQL_PAGE,
    SQL_PENDING,
    SQL_OLDEST,
    SQL_COUNTS,
    SQL_DONE,
    SQL_FAILED,
    SQL_REJECTED,
    SQL_DIFFERS,
    SQL_REJECTED_LIST,
    SQL_ADOPT,
    SQL_PART_PUT,
    SQL_PART_DROP_OTHERS,
    SQL_PART_DROP_ALL,
    SQL_PART_SUMS,
    SQL_PART_BODY,
    SQL_ABSENT,
    SQL_EPOCH_RESET,
    SQL_SOCKET_PUT,
    SQL_SOCKET_DROP,
    SQL_SOCKET_EACH,
    SQL_STATEMENTS
};

struct sql {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_STATEMENTS];
    int failure; /* SQLITE_OK, or the first code since the last sql_done() */
};

struct sql_arg {
    enum {
        SQL_ARG_END,
        SQL_ARG_INT,
        SQL_ARG_TEXT
    } type;
    int64_t number; /* or the text's size */
    const char *text;
};

#define SQL_END ((struct sql_arg){SQL_ARG_END, 0, NULL})

struct sql_arg sql_int(int64_t number);
struct sql_arg sql_text(const char *text); /* NULL is null */
struct sql_arg sql_bytes(const char *data, size_t size);

/* Ready to step. The texts must live until the last step. */
sqlite3_stmt *sql_open(struct sql *sql, enum sql_statement which, const struct sql_arg *args);
bool sql_next(struct sql *sql, sqlite3_stmt *rows);
void sql_end(sqlite3_stmt *rows); /* needed unless sql_next() has become false */

/* Run to the end; ERR_STATE_FULL when the disk has no room, ERR_AGENT_BUSY when somebody holds the
 * file, ERR_STATE_BROKEN otherwise. */
bool sql_done(struct sql *sql, struct err *err) MUST_CHECK;
bool sql_run(struct sql *sql, enum sql_statement which, const struct sql_arg *args,
    struct err *err) MUST_CHECK;

/* Several statements at once, for the tables and pragmas. */
bool sql_script(struct sql *sql, const char *script, struct err *err) MUST_CHECK;
extern const char sql_tables[], sql_drop[];

void sql_close(struct sql *sql);

#endif
