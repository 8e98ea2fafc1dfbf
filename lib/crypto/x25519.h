/* X25519 key pairs, for REALITY and WireGuard. */
#ifndef TG_CRYPTO_X25519_H
#define TG_CRYPTO_X25519_H

#include "base/err.h"

enum {
    X25519_BYTES = 32
};

bool x25519_make(unsigned char secret[X25519_BYTES], unsigned char public[X25519_BYTES],
    struct err *err) MUST_CHECK;

/* The public key of a secret one. */
bool x25519_public(const unsigned char secret[X25519_BYTES], unsigned char public[X25519_BYTES],
    struct err *err) MUST_CHECK;

#endif
