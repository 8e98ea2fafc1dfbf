#include "torture/torture.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static long left; /* calls until the failure; 0: none is to come */
static bool fired;

void
torture_begin(long n)
{
    left = n;
    fired = false;
}

bool
torture_end(void)
{
    left = 0;
    return fired;
}

static bool
fails(int error)
{
    if (left == 0 || --left > 0)
        return false;
    fired = true;
    errno = error;
    return true;
}

/* -- what the linker puts in place of the libraries' functions ------------------------------- */

/* clang-format off */
#define WRAP(type, name, parameters, arguments, failed, error) \
    type __real_##name parameters; \
    type __wrap_##name parameters; \
    type __wrap_##name parameters { return fails(error) ? (failed) : __real_##name arguments; }

WRAP(int, PQsendQuery, (PGconn *conn, const char *sql), (conn, sql), 0, ECONNRESET)
WRAP(int, PQsendPrepare,
    (PGconn *conn, const char *name, const char *sql, int count, const Oid *types),
    (conn, name, sql, count, types), 0, ECONNRESET)
WRAP(int, PQsendQueryPrepared,
    (PGconn *conn, const char *name, int count, const char *const *values, const int *lengths, const int *formats, int format),
    (conn, name, count, values, lengths, formats, format), 0, ECONNRESET)
WRAP(int, PQsendQueryParams,
    (PGconn *conn, const char *sql, int count, const Oid *types, const char *const *values, const int *lengths, const int *formats, int format),
    (conn, sql, count, types, values, lengths, formats, format), 0, ECONNRESET)
WRAP(int, PQconsumeInput, (PGconn *conn), (conn), 0, ECONNRESET)
WRAP(PostgresPollingStatusType, PQconnectPoll, (PGconn *conn), (conn), PGRES_POLLING_FAILED, ECONNREFUSED)
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size), -1, ENOSPC)
WRAP(int, fsync, (int fd), (fd), -1, EIO)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
WRAP(int, rename, (const char *from, const char *to), (from, to), -1, EIO)
WRAP(int, mkostemp, (char *path, int flags), (path, flags), -1, EMFILE)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), -1, ENOSPC)
/* clang-format on */
