#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    READ_BYTES = 2 * 1024 /* the first buffer; doubled while the file goes on */
};

void
fs_close(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static bool
fail(const char *path, struct err *err)
{
    return err_say(err, ERR_FILE, "%s: %s", path, strerror(errno));
}

/* -- reading ------------------------------------------------------------------------------- */

static bool
read_all(int fd, size_t max, struct arena *arena, char **data, size_t *size)
{
    size_t room = max < READ_BYTES ? max : READ_BYTES;
    char *buffer = arena_alloc(arena, room + 2);
    size_t have = 0;

    for (;;) {
        ssize_t got = read(fd, buffer + have, room + 1 - have); /* one more, to see that it ends */

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        have += (size_t)got;
        if (got == 0)
            break;
        if (have > max) {
            errno = EFBIG;
            return false;
        }
        if (have > room) {
            room = room > max / 2 ? max : 2 * room;
            buffer = memcpy(arena_alloc(arena, room + 2), buffer, have);
        }
    }
    buffer[have] = '\0';
    *data = buffer;
    *size = have;
    return true;
}

bool
fs_read(
    const char *path, size_t max, struct arena *arena, char **data, size_t *size, struct err *err)
{
    CLEANUP(fs_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

    return (fd >= 0 && read_all(fd, max, arena, data, size)) || fail(path, err);
}

/* -- replacing ----------------------------------------------------------------------------- */

static bool
write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, data, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        data += put;
        size -= (size_t)put;
    }
    return true;
}

static bool
sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[4096] = ".";

    if (slash != NULL)
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash == path ? 1 : slash - path), path);
    CLEANUP(fs_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

static bool
replace(const char *path, const char *draft, int fd, mode_t mode, const void *data, size_t size)
{
    return write_all(fd, data, size) && fchmod(fd, mode) == 0 && fsync(fd) == 0 &&
        rename(draft, path) == 0;
}

bool
fs_replace(const char *path, const void *data, size_t size, mode_t mode, struct err *err)
{
    char draft[4096];

    if (snprintf(draft, sizeof(draft), "%s.XXXXXX", path) >= (int)sizeof(draft)) {
        errno = ENAMETOOLONG;
        return fail(path, err);
    }
    CLEANUP(fs_close) int fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0)
        return fail(path, err);
    if (!replace(path, draft, fd, mode, data, size)) {
        bool failed = fail(path, err); /* before unlink can change errno */
        unlink(draft);
        return failed;
    }
    return sync_folder(path) || fail(path, err);
}

bool
fs_make_dir(const char *path, mode_t mode, struct err *err)
{
    char part[4096];
    size_t length = strlen(path);

    for (size_t i = 1; i <= length && length < sizeof(part); i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        snprintf(part, sizeof(part), "%.*s", (int)i, path);
        if (mkdir(part, mode) != 0 && errno != EEXIST)
            return fail(part, err);
    }
    struct stat status;
    if (length >= sizeof(part) || stat(path, &status) != 0)
        return fail(path, err);
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode) || fail(path, err);
}
