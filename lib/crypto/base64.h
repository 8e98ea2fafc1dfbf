/*
 * Base64: the standard alphabet with padding, as WireGuard's keys, and the one for URLs without
 * padding, as everything else here. Reading is strict: no white space, no other padding, and no
 * spare bits that are set, so that each value has one spelling.
 */
#ifndef TG_CRYPTO_BASE64_H
#define TG_CRYPTO_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

/* With its end; for bytes that are known when the program is built. */
#define BASE64_SIZE(bytes)     (((bytes) + 2) / 3 * 4 + 1)
#define BASE64_URL_SIZE(bytes) (((bytes)*4 + 2) / 3 + 1)

enum base64 {
    BASE64_STD,
    BASE64_URL
};

/* `text` has room for BASE64_SIZE(size). Returns the length. */
size_t base64_write(enum base64 form, const void *data, size_t size, char *text);

/* At most `room` bytes; longer is refused. */
bool
base64_read(enum base64 form, const char *text, void *data, size_t room, size_t *size) MUST_CHECK;

#endif
