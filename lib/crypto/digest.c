#include "crypto/digest.h"

#include <openssl/sha.h>

#include "base/str.h"

void
sha256(const void *data, size_t size, unsigned char digest[SHA256_BYTES])
{
    SHA256(data, size, digest);
}

void
sha256_hex(const void *data, size_t size, char hex[SHA256_HEX_SIZE])
{
    unsigned char digest[SHA256_BYTES];

    sha256(data, size, digest);
    hex_write(digest, sizeof(digest), hex);
}
