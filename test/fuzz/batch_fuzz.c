/* What an agent is sent: a batch and a snapshot's part, event by event. */
#include <string.h>

#include "agent/batch.h"
#include "fuzz/fuzz.h"

static void
try(enum batch_kind kind, const char *text, size_t size)
{
    struct arena arena = {0};
    struct batch batch = {0};
    struct event event;
    struct err err = {0};
    size_t events = 0;

    if (batch_read(kind, text, size, &arena, &batch, &err)) {
        for (; batch_next(&batch, &event); events++)
            FUZZ_PROMISE(event.component != NULL && event.aggregate_id != NULL);
        FUZZ_PROMISE(batch_ended(&batch, &err) || err.code != ERR_NONE);
        FUZZ_PROMISE(events <= PART_EVENTS_MAX);
    }
    arena_reset(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char *text = arena_alloc(&arena, size + 1);

    if (size > 0)
        memcpy(text, data, size);
    try(BATCH_EVENTS, text, size);
    try(BATCH_PART, text, size);
    arena_reset(&arena);
    return 0;
}
