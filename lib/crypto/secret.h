/*
 * Secrets that are in memory for a while: wiped when their arena ends, compared in constant time.
 * Nothing prints one: there is no function that gives it as text.
 *
 *     const struct secret *want = secret_new(arena, settings->agent_auth_token);
 *
 *     if (!secret_matches(want, token))
 *         return err_set(err, ERR_TOKEN);
 */
#ifndef TG_CRYPTO_SECRET_H
#define TG_CRYPTO_SECRET_H

#include "base/arena.h"
#include "base/attr.h"

#include <stdbool.h>

struct secret {
    size_t size;
    unsigned char *data;
};

/* A copy in the arena. */
struct secret *secret_new(struct arena *arena, const char *text);

/* In a time that tells neither how much is equal nor the secret's length. NULL matches nothing, and
 * nothing matches an empty secret. */
bool secret_matches(const struct secret *secret, const char *text);

/* The same for two texts. */
bool secret_text_eq(const char *secret, const char *text);

/* Zeroes that no optimiser removes. */
void secret_wipe(void *data, size_t size);

#endif
