#include "init_db/folder.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BESIDE_BUILD "/build/"

static const struct {
    const char *path;   /* from the folder of the program */
    const char *within; /* only when that one has this in its name; NULL: always */
} places[] = {
    {"../share/tracegate/sql", NULL},
    {"../share/sql", NULL},
    {"../../../sql", BESIDE_BUILD},
};

static bool
is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool
folder_find(struct arena *arena, const char **folder, struct err *err)
{
    char program[PATH_MAX] = "";
    ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
    char *slash = size < 0 ? NULL : strrchr(program, '/');

    if (slash != NULL)
        *slash = '\0';
    for (size_t i = 0; slash != NULL && i < COUNT(places); i++) {
        *folder = arena_printf(arena, "%s/%s", program, places[i].path);
        if ((places[i].within == NULL || strstr(program, places[i].within) != NULL) &&
            is_folder(*folder))
            return true;
    }
    return err_say(err, ERR_FILE,
        "The migrations are neither in %s/../share/tracegate/sql nor in ../share/sql: name their"
        " folder with --sql",
        program);
}
