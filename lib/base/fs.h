/*
 * Files: read whole with a limit, replaced whole. After a crash at any point a replaced file is the
 * old one or the new one, and once fs_replace() has returned it is the new one.
 */
#ifndef TG_BASE_FS_H
#define TG_BASE_FS_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* A regular file, a pipe or a file of /proc, of at most `max` bytes; data[size] is 0. ERR_FILE
 * names path and reason; a longer file is a fault too, never cut. */
bool fs_read(const char *path, size_t max, struct arena *arena, char **data, size_t *size,
    struct err *err) MUST_CHECK;

/* The folder must be there. Leaves no temporary file behind when it fails. */
bool fs_replace(
    const char *path, const void *data, size_t size, mode_t mode, struct err *err) MUST_CHECK;

/* The folder and those above it; one that exists is fine and keeps its mode. */
bool fs_make_dir(const char *path, mode_t mode, struct err *err) MUST_CHECK;

/* For CLEANUP(): closes *fd unless it is -1. */
void fs_close(const int *fd);

#endif
