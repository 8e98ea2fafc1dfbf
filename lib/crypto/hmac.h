/* HMAC-SHA256. */
#ifndef TG_CRYPTO_HMAC_H
#define TG_CRYPTO_HMAC_H

#include <stddef.h>

enum {
    HMAC_SHA256_BYTES = 32
};

void hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
    unsigned char mac[HMAC_SHA256_BYTES]);

#endif
