#include "harness/scratch.h"

#include <ftw.h>
#include <stdio.h>

#include "harness/check.h"

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status; /* the prototype is nftw's */
    (void)type;
    (void)place;
    return remove(path);
}

void
scratch_remove(const char *folder)
{
    CHECK_INT(0, nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS));
}
