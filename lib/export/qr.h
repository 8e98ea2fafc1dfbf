/* QR codes of texts. */
#ifndef TG_EXPORT_QR_H
#define TG_EXPORT_QR_H

#include "base/arena.h"
#include "base/err.h"

/* A PNG in black and white, with the quiet zone that scanners need. ERR_EXPORT_FORMAT when the
 * text is longer than a QR code can hold (2,331 bytes). */
bool qr_png(const char *text, struct arena *arena, const void **data, size_t *size,
    struct err *err) MUST_CHECK;

/* The same as a drawing, which scales: one unit to a square. */
bool qr_svg(const char *text, struct arena *arena, const void **data, size_t *size,
    struct err *err) MUST_CHECK;

#endif
