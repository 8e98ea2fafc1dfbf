#include "export/qr.h"

#include <png.h>
#include <qrencode.h>
#include <string.h>

#include "base/text.h"

enum {
    BLACK = 0,
    WHITE = 255
};

static const size_t module = 8; /* pixels of a square's side */
static const size_t quiet = 4;  /* modules around the code */

static void
release(void *code)
{
    QRcode_free(code);
}

/* Square; one byte per pixel, rows from the top. */
static const unsigned char *
paint(const QRcode *code, size_t side, struct arena *arena)
{
    unsigned char *pixels = arena_alloc(arena, side * side);
    size_t modules = (size_t)code->width;

    memset(pixels, WHITE, side * side);
    for (size_t y = 0; y < modules * module; y++) {
        for (size_t x = 0; x < modules; x++) {
            if (code->data[y / module * modules + x] & 1)
                memset(&pixels[(y + quiet * module) * side + (x + quiet) * module], BLACK, module);
        }
    }
    return pixels;
}

/* NULL after an error. */
static const QRcode *
encode(const char *text, struct arena *arena, struct err *err)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    if (code == NULL)
        err_fill_text(err, ERR_EXPORT_FORMAT, "The configuration is too long for a QR code");
    arena_defer(arena, release, code);
    return code;
}

bool
qr_png(const char *text, struct arena *arena, const void **data, size_t *size, struct err *err)
{
    const QRcode *code = encode(text, arena, err);

    if (code == NULL)
        return false;
    size_t side = ((size_t)code->width + 2 * quiet) * module;
    const unsigned char *pixels = paint(code, side, arena);
    png_image image = {.version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)side,
        .height = (png_uint_32)side,
        .format = PNG_FORMAT_GRAY};
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *png = arena_alloc(arena, bytes);

    if (png_image_write_to_memory(&image, png, &bytes, 0, pixels, 0, NULL) == 0)
        return err_say(err, ERR_INTERNAL, "no PNG: %s", image.message);
    *data = png;
    *size = bytes;
    return true;
}

/* Each run of black squares of a row is one stroke of the path. */
static void
draw_row(struct text *path, const QRcode *code, size_t y)
{
    size_t modules = (size_t)code->width;
    const unsigned char *row = &code->data[y * modules];

    for (size_t x = 0, end; x < modules; x = end) {
        for (end = x; end < modules && (row[end] & 1) == (row[x] & 1); end++)
            ;
        if (row[x] & 1)
            text_put(path,
                arena_printf(
                    path->arena, "M%zu %zuh%zuv1h-%zuz", x + quiet, y + quiet, end - x, end - x));
    }
}

bool
qr_svg(const char *text, struct arena *arena, const void **data, size_t *size, struct err *err)
{
    const QRcode *code = encode(text, arena, err);
    struct text svg = {.arena = arena};

    if (code == NULL)
        return false;
    size_t side = (size_t)code->width + 2 * quiet;
    text_put(&svg,
        arena_printf(arena,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\""
            " viewBox=\"0 0 %zu %zu\" shape-rendering=\"crispEdges\">"
            "<path fill=\"#fff\" d=\"M0 0h%zuv%zuH0z\"/><path d=\"",
            side * module, side * module, side, side, side, side));
    for (size_t y = 0; y < (size_t)code->width; y++)
        draw_row(&svg, code, y);
    text_put(&svg, "\"/></svg>\n");
    *data = svg.data;
    *size = svg.size;
    return true;
}
