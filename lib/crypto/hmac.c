#include "crypto/hmac.h"

#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <stdbool.h>

void
hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
    unsigned char mac[HMAC_SHA256_BYTES])
{
    const unsigned char *made = HMAC(EVP_sha256(), key, (int)key_size, data, size, mac, NULL);

    assert(made != NULL); /* only without memory */
    (void)made;
}

struct hmac {
    EVP_MAC_CTX *context;
};

static void
release(void *object)
{
    EVP_MAC_CTX_free(object);
}

struct hmac *
hmac_new(const void *key, size_t key_size, struct arena *arena)
{
    struct hmac *hmac = arena_alloc(arena, sizeof(*hmac));
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    hmac->context = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac); /* the context holds it */
    int made = hmac->context == NULL ? 0 : EVP_MAC_init(hmac->context, key, key_size, params);
    assert(made == 1); /* only without memory */
    (void)made;
    arena_defer(arena, release, hmac->context);
    return hmac;
}

/* Without a key it begins anew with the one that it has. */
void
hmac_make(struct hmac *hmac, const void *data, size_t size, unsigned char mac[HMAC_SHA256_BYTES])
{
    size_t length;
    bool made = EVP_MAC_init(hmac->context, NULL, 0, NULL) == 1 &&
        EVP_MAC_update(hmac->context, data, size) == 1 &&
        EVP_MAC_final(hmac->context, mac, &length, HMAC_SHA256_BYTES) == 1;

    assert(made); /* only without memory */
    (void)made;
}
