#include "export/qr.h"

#include <string.h>

#include "harness/check.h"

enum {
    QR_BYTES_MAX = 2331
};

static struct arena arena;

typedef bool
draw_fn(const char *text, struct arena *in, const void **data, size_t *size, struct err *err);

static bool
draws(draw_fn *draw, const char *head, size_t length)
{
    char *text = arena_alloc(&arena, length + 1);
    const void *data;
    size_t size;
    struct err err;

    memset(text, 'a', length);
    if (draw(text, &arena, &data, &size, &err))
        return size > strlen(head) && memcmp(data, head, strlen(head)) == 0;
    CHECK_INT(ERR_EXPORT_FORMAT, err.code);
    return false;
}

static void
test_a_text_is_a_picture_as_long_as_it_fits(void)
{
    static const struct {
        draw_fn *draw;
        const char *head;
    } cases[] = {{qr_png, "\x89PNG"}, {qr_svg, "<svg "}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(draws(cases[i].draw, cases[i].head, 1));
        CHECK(draws(cases[i].draw, cases[i].head, QR_BYTES_MAX));
        CHECK(!draws(cases[i].draw, cases[i].head, QR_BYTES_MAX + 1));
        CHECK(!draws(cases[i].draw, cases[i].head, 0));
    }
}

int
main(void)
{
    test_a_text_is_a_picture_as_long_as_it_fits();
    arena_reset(&arena);
    return check_report("export/qr");
}
