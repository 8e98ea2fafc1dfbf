#include "export/qr.h"

#include <png.h>
#include <qrencode.h>
#include <string.h>

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

bool
qr_png(const char *text, struct arena *arena, const void **data, size_t *size, struct err *err)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

    arena_defer(arena, release, code);
    if (code == NULL)
        return err_say(err, ERR_INTERNAL, "no QR code for %zu bytes", strlen(text));
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
