/*
 * The text of an API token: `tg_`, 32 random bytes, and the CRC-32 of those 43 characters, both in
 * base64 for URLs. Who finds one in a log or a repository can tell that it is one, and a wrong one
 * is refused without a query. Tokens of an adopted installation have no `tg_` and no sum.
 */
#ifndef TG_CRYPTO_TOKEN_H
#define TG_CRYPTO_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

enum {
    TOKEN_TEXT_SIZE = 3 + 43 + 6 + 1
};

void token_make(char text[TOKEN_TEXT_SIZE]);

/* False for a text that begins with `tg_` and was never made by token_make(). */
bool token_plausible(const char *text) MUST_CHECK;

/* The one of zlib, PNG and Ethernet. */
uint32_t token_crc32(const void *data, size_t size);

#endif
