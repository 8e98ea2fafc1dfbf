#include "crypto/hmac.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

void
hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
    unsigned char mac[HMAC_SHA256_BYTES])
{
    const unsigned char *made = HMAC(EVP_sha256(), key, (int)key_size, data, size, mac, NULL);

    assert(made != NULL); /* only without memory */
    (void)made;
}
