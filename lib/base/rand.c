#include "base/rand.h"

#include <stdlib.h>
#include <sys/random.h>

void
rand_bytes(void *data, size_t size)
{
    char *at = data;

    while (size > 0) {
        ssize_t got = getrandom(at, size, 0);

        if (got <= 0)
            abort(); /* the kernel's generator does not fail once it has started */
        at += got;
        size -= (size_t)got;
    }
}

uint64_t
rand_below(uint64_t limit)
{
    uint64_t number;

    if (limit == 0)
        return 0;
    do
        rand_bytes(&number, sizeof(number));
    while (number >= UINT64_MAX - UINT64_MAX % limit); /* the rest would favour small numbers */
    return number % limit;
}
