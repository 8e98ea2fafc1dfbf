/* HMAC-SHA256. */
#ifndef TG_CRYPTO_HMAC_H
#define TG_CRYPTO_HMAC_H

#include <stddef.h>

#include "base/arena.h"

enum {
    HMAC_SHA256_BYTES = 32
};

void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
    unsigned char mac[HMAC_SHA256_BYTES]);

/* A key that is made ready once, for many texts: five times as fast for short ones. It lives in the
 * arena. */
struct hmac;

struct hmac *hmac_new(const void *key, size_t key_size, struct arena *arena);
void
hmac_make(struct hmac *hmac, const void *data, size_t size, unsigned char mac[HMAC_SHA256_BYTES]);

#endif
