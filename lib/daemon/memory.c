#include "daemon/memory.h"

#include <malloc.h>

enum {
    LARGE_BYTES = 64 << 10
};

void
memory_keep_small(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_ARENA_MAX, 1);
}
