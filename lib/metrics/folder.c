/* Registries in files: one for each slot of each program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "base/version.h"
#include "metrics/region.h"

enum {
    SLOTS_MAX = 64,
    PATH_SIZE = 4096
};

static bool
fail(const char *path, struct err *err)
{
    return err_say(err, ERR_FILE, "%s: %s", path, strerror(errno));
}

static uint32_t
this_release(void)
{
    uint32_t hash = UINT32_C(2166136261);

    for (const char *at = TG_VERSION; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * UINT32_C(16777619);
    return hash;
}

/* -- counting ------------------------------------------------------------------------------ */

/* A file that nobody else has, locked; -1 with errno. */
static int
take_slot(const char *folder, const char *program)
{
    char path[PATH_SIZE];

    for (int slot = 0; slot < SLOTS_MAX; slot++) {
        snprintf(path, sizeof(path), "%s/%s.%d.metrics", folder, program, slot);
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        close(fd);
    }
    errno = EMFILE;
    return -1;
}

bool
metrics_open(const char *folder, const char *program, struct metrics **metrics, struct err *err)
{
    void *memory = MAP_FAILED;

    if (!fs_make_dir(folder, 0750, err))
        return false;
    int fd = take_slot(folder, program);
    if (fd >= 0 && ftruncate(fd, REGION_BYTES) == 0)
        memory = mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        bool failed = fail(folder, err);
        fs_close(&fd);
        return failed;
    }
    madvise(memory, REGION_BYTES, MADV_RANDOM); /* no room for what is only read ahead */
    region_open(memory, this_release());
    *metrics = metrics_make(BUCKETS_FEW);
    (*metrics)->region = memory;
    (*metrics)->fd = fd;
    return true;
}

/* -- adding up ----------------------------------------------------------------------------- */

/* Who counts there holds the lock of the file. */
static void
read_file(const char *path, struct metrics *sum)
{
    CLEANUP(fs_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < REGION_BYTES)
        return;
    bool alive = flock(fd, LOCK_SH | LOCK_NB) != 0;
    void *memory = mmap(NULL, REGION_BYTES, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return;
    madvise(memory, REGION_BYTES, MADV_RANDOM);
    region_read(memory, alive, sum);
    munmap(memory, REGION_BYTES);
}

bool
metrics_read(const char *folder, struct metrics *sum, struct err *err)
{
    DIR *dir = opendir(folder);
    char path[PATH_SIZE];

    if (dir == NULL)
        return fail(folder, err);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');

        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (end != NULL && str_eq(end, ".metrics"))
            read_file(path, sum);
    }
    closedir(dir);
    return true;
}
