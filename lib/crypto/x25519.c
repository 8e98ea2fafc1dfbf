#include "crypto/x25519.h"

#include <openssl/evp.h>

#include "base/rand.h"

static void
free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

bool
x25519_public(
    const unsigned char secret[X25519_BYTES], unsigned char public[X25519_BYTES], struct err *err)
{
    size_t size = X25519_BYTES;
    CLEANUP(free_key)
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, X25519_BYTES);

    if (key == NULL || EVP_PKEY_get_raw_public_key(key, public, &size) != 1)
        return err_say(err, ERR_INTERNAL, "OpenSSL has no X25519");
    return true;
}

bool
x25519_make(unsigned char secret[X25519_BYTES], unsigned char public[X25519_BYTES], struct err *err)
{
    rand_bytes(secret, X25519_BYTES);
    secret[0] &= 248; /* clamped, as every reader of such a key expects it (RFC 7748, 5) */
    secret[31] = (unsigned char)((secret[31] & 127) | 64);
    return x25519_public(secret, public, err);
}
