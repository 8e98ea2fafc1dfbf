/* A query string: what was read is written and read again, and is the same. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "http/pairs.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct list once, again;
    char *text = arena_alloc(&arena, size + 1);

    if (size > 0)
        memcpy(text, data, size);
    if (pairs_read(text, &arena, &once)) {
        const struct pair cursor = {"cursor", "a-_ /\xc3\xa9"};
        const char *written = pairs_write(&once, &cursor, &arena);
        FUZZ_PROMISE(pairs_read(written, &arena, &again));
        const struct pair *other = again.at, *last = other + again.count - 1;

        for (size_t i = 0; i < once.count; i++) {
            const struct pair *one = (const struct pair *)once.at + i;

            if (strcmp(one->name, cursor.name) == 0)
                continue;
            FUZZ_PROMISE(other < last && strcmp(one->name, other->name) == 0);
            FUZZ_PROMISE(strcmp(one->value, other->value) == 0);
            other++;
        }
        FUZZ_PROMISE(other == last && strcmp(last->name, cursor.name) == 0);
        FUZZ_PROMISE(strcmp(last->value, cursor.value) == 0);
    }
    arena_reset(&arena);
    return 0;
}
