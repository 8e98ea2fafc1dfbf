/* The small readers of text: token, base64, UUID, cursor, time. What one of them takes has one
 * spelling: writing it gives a text that it takes as the same value. */
#include <string.h>

#include "base/str.h"
#include "crypto/base64.h"
#include "crypto/token.h"
#include "fuzz/fuzz.h"
#include "schema/cursor.h"

static void
try_base64(enum base64 form, const char *text, struct arena *arena)
{
    size_t size, room = strlen(text);
    unsigned char *bytes = arena_alloc(arena, room + 1);

    if (!base64_read(form, text, bytes, room, &size))
        return;
    char *again = arena_alloc(arena, BASE64_SIZE(size));
    base64_write(form, bytes, size, again);
    FUZZ_PROMISE(str_eq(text, again));
}

static void
try_time(const char *text)
{
    char written[TIME_TEXT_SIZE];
    usec_t at, again;

    if (!time_read(text, &at))
        return;
    time_write(at, written);
    FUZZ_PROMISE(time_read(written, &again) && at == again);
}

static void
try_cursor(const char *text, struct arena *arena)
{
    struct cursor cursor, again;

    if (!cursor_read(text, arena, &cursor))
        return;
    FUZZ_PROMISE(cursor_read(cursor_write(&cursor, arena), arena, &again));
    FUZZ_PROMISE(cursor.created_at == again.created_at && str_eq(cursor.id, again.id));
}

static void
try_uuid(const char *text)
{
    char uuid[UUID_SIZE], again[UUID_SIZE];

    FUZZ_PROMISE(!uuid_read(text, uuid) || (uuid_read(uuid, again) && str_eq(uuid, again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char *text = arena_alloc(&arena, size + 1);

    if (size > 0)
        memcpy(text, data, size);
    (void)!token_plausible(text); /* any answer is right, a crash is not */
    try_base64(BASE64_STD, text, &arena);
    try_base64(BASE64_URL, text, &arena);
    try_time(text);
    try_cursor(text, &arena);
    try_uuid(text);
    arena_reset(&arena);
    return 0;
}
