/* SHA-256, and HMAC-SHA256 in hmac.h. */
#ifndef TG_CRYPTO_DIGEST_H
#define TG_CRYPTO_DIGEST_H

#include <stddef.h>

enum {
    SHA256_BYTES = 32,
    SHA256_HEX_SIZE = 65 /* of the text, with its end */
};

void sha256(const void *data, size_t size, unsigned char digest[SHA256_BYTES]);
void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX_SIZE]);

#endif
