#include "export/qr.h"

#include <string.h>

#include "harness/check.h"

enum {
    QR_BYTES_MAX = 2331
};

static struct arena arena;

static bool
draws(size_t length)
{
    char *text = arena_alloc(&arena, length + 1);
    const void *data;
    size_t size;
    struct err err;

    memset(text, 'a', length);
    if (qr_png(text, &arena, &data, &size, &err))
        return size > 8 && memcmp(data, "\x89PNG", 4) == 0;
    CHECK_INT(ERR_INTERNAL, err.code);
    return false;
}

static void
test_a_text_is_a_picture_as_long_as_it_fits(void)
{
    CHECK(draws(1));
    CHECK(draws(QR_BYTES_MAX));
    CHECK(!draws(QR_BYTES_MAX + 1));
    CHECK(!draws(0));
}

int
main(void)
{
    test_a_text_is_a_picture_as_long_as_it_fits();
    arena_reset(&arena);
    return check_report("export/qr");
}
