#include "base/fs.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/check.h"

static char folder[] = "/tmp/fs_test.XXXXXX";
static struct arena arena;
static struct err err;

static const char *
in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

/* What is in the file, or the error. */
static const char *
content(const char *path, size_t max)
{
    char *data;
    size_t size;

    if (!fs_read(path, max, &arena, &data, &size, &err))
        return err.detail;
    CHECK_INT((long long)strlen(data), (long long)size);
    return data;
}

static size_t
files(void)
{
    glob_t found;
    size_t count = glob(in_folder("*"), 0, NULL, &found) == 0 ? found.gl_pathc : 0;

    globfree(&found);
    return count;
}

static void
test_a_file_is_replaced_whole(void)
{
    const char *path = in_folder("a");
    struct stat status;

    CHECK(fs_replace(path, "old content", 11, 0600, &err));
    CHECK_STR("old content", content(path, 11));
    CHECK(fs_replace(path, "new", 3, 0640, &err));
    CHECK_STR("new", content(path, 100));
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0640);
    CHECK_INT(1, (long long)files());
}

static void
test_a_failure_leaves_nothing_behind(void)
{
    CHECK(!fs_replace(in_folder("no/file"), "x", 1, 0600, &err));
    CHECK_INT(ERR_FILE, err.code);
    CHECK(mkdir(in_folder("dir"), 0700) == 0);
    CHECK(!fs_replace(in_folder("dir"), "x", 1, 0600, &err)); /* only rename() finds that out */
    CHECK_STR(in_folder("dir: Is a directory"), err.detail);
    CHECK_INT(2, (long long)files());
}

static void
test_a_file_is_read_whole_or_not_at_all(void)
{
    const char *path = in_folder("a");
    char *big = arena_alloc(&arena, 100001);

    memset(big, 'x', 100000);
    CHECK(fs_replace(path, big, 100000, 0600, &err));
    CHECK_STR(big, content(path, 100000));
    CHECK_STR(arena_printf(&arena, "%s: File too large", path), content(path, 99999));
    CHECK_STR(arena_printf(&arena, "%s: File too large", path), content(path, 0));
    CHECK_STR(in_folder("b: No such file or directory"), content(in_folder("b"), 1));
    CHECK_STR(arena_printf(&arena, "%s: Is a directory", folder), content(folder, 1));
    CHECK(strstr(content("/proc/self/status", 1 << 20), "Pid:") != NULL);
}

static void
test_folders_are_made_down_to_the_last(void)
{
    const char *deep = in_folder("x/y//z");

    CHECK(fs_make_dir(deep, 0700, &err));
    CHECK(fs_make_dir(deep, 0700, &err));
    CHECK(access(deep, W_OK) == 0);
    CHECK(fs_replace(in_folder("x/file"), "", 0, 0600, &err));
    CHECK(!fs_make_dir(in_folder("x/file"), 0700, &err));
    CHECK(!fs_make_dir(in_folder("x/file/deeper"), 0700, &err));
}

int
main(void)
{
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    test_a_file_is_replaced_whole();
    test_a_failure_leaves_nothing_behind();
    test_a_file_is_read_whole_or_not_at_all();
    test_folders_are_made_down_to_the_last();
    for (size_t i = 0; i < 8; i++) {
        static const char *const made[] = {"x/y/z", "x/y", "x/file", "x", "dir", "a", "b", ""};
        remove(in_folder(made[i]));
    }
    arena_reset(&arena);
    return check_report("base/fs");
}
