/*
 * Scopes: words "family:read", "family:write", "family:rw" (the two together), others such as
 * "users:role", and "*" (covers all); several are separated by single spaces.
 */
#ifndef TG_DOMAIN_SCOPES_H
#define TG_DOMAIN_SCOPES_H

#include <stdbool.h>

/* What a route needs that any token may ask. No token is given it. */
#define SCOPE_ANY "any"

/* All that a token may be given; up to NULL. */
extern const char *const scope_names[];

/* Whether a token with `granted` may do what needs all of `required`. */
bool scopes_cover(const char *granted, const char *required);

#endif
