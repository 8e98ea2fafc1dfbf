/* Replacing a file while each call fails in turn. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "harness/check.h"
#include "torture/torture.h"

static char folder[] = "/tmp/torture-XXXXXX";
static struct arena arena;

static const char *
in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static size_t
files(void)
{
    glob_t found;
    size_t count = glob(in_folder("*"), 0, NULL, &found) == 0 ? found.gl_pathc : 0;

    globfree(&found);
    return count;
}

static const char *
content(const char *path)
{
    struct err err;
    size_t size;
    char *data;

    return fs_read(path, 100, &arena, &data, &size, &err) ? data : arena_strdup(&arena, err.detail);
}

static void
test_a_file_is_the_old_one_or_the_new_one(void)
{
    const char *path = in_folder("file");
    struct err err;
    bool replaced, failed;

    for (long n = 1;; n++) {
        CHECK(fs_replace(path, "old", 3, 0600, &err));
        torture_begin(n);
        replaced = fs_replace(path, "new", 3, 0600, &err);
        failed = torture_end();
        CHECK(replaced == !failed);
        CHECK_INT(1, (long long)files());
        /* When only the folder's fsync has failed, the new one is there, but may not stay. */
        CHECK(strcmp(content(path), "new") == 0 || failed);
        CHECK(strcmp(content(path), "new") == 0 || strcmp(content(path), "old") == 0);
        if (!failed)
            break;
        CHECK_INT(ERR_FILE, err.code);
    }
    unlink(path);
}

static void
test_folders_are_made_or_not(void)
{
    struct err err;
    bool failed = true;

    for (long n = 1; failed; n++) {
        torture_begin(n);
        bool made = fs_make_dir(in_folder("a/b"), 0700, &err);
        failed = torture_end();
        CHECK(made == !failed);
        CHECK(made == (access(in_folder("a/b"), W_OK) == 0));
        rmdir(in_folder("a/b"));
        rmdir(in_folder("a"));
    }
}

int
main(void)
{
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    test_a_file_is_the_old_one_or_the_new_one();
    test_folders_are_made_or_not();
    rmdir(folder);
    arena_reset(&arena);
    return check_report("torture/files");
}
