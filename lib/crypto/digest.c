#include "crypto/digest.h"

#include <openssl/sha.h>
#include <stdio.h>

void
sha256_hex(const void *data, size_t size, char hex[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256(data, size, digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}
