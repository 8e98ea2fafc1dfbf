#include "crypto/secret.h"

#include <openssl/crypto.h>
#include <string.h>

#include "crypto/digest.h"

void
secret_wipe(void *data, size_t size)
{
    OPENSSL_cleanse(data, size);
}

static void
release(void *object)
{
    struct secret *secret = object;

    secret_wipe(secret->data, secret->size);
    secret->size = 0;
}

struct secret *
secret_new(struct arena *arena, const char *text)
{
    struct secret *secret = arena_alloc(arena, sizeof(*secret));

    arena_defer(arena, release, secret);
    secret->size = strlen(text);
    secret->data = memcpy(arena_alloc(arena, secret->size + 1), text, secret->size);
    return secret;
}

/* Digests are compared, so that the lengths need not be equal. */
static bool
same(const void *secret, size_t secret_size, const char *text)
{
    unsigned char want[SHA256_BYTES], have[SHA256_BYTES];

    sha256(secret, secret_size, want);
    sha256(text, strlen(text), have);
    bool equal = CRYPTO_memcmp(want, have, sizeof(want)) == 0;
    secret_wipe(want, sizeof(want));
    secret_wipe(have, sizeof(have));
    return equal;
}

bool
secret_matches(const struct secret *secret, const char *text)
{
    return secret->size > 0 && text != NULL && same(secret->data, secret->size, text);
}

bool
secret_text_eq(const char *secret, const char *text)
{
    return *secret != '\0' && text != NULL && same(secret, strlen(secret), text);
}
