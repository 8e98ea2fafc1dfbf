/*
 * Whom a token's text admits. Each auth worker remembers for 10 s what the database said, and
 * forgets all when a token changes (every change notifies) or its connection is a new one.
 *
 *     struct principal principal;
 *
 *     return admission_find(turn, admission, text, &principal, err) && ...
 */
#ifndef TG_DOMAIN_ADMISSION_H
#define TG_DOMAIN_ADMISSION_H

#include "domain/turn.h"

struct admission;

struct principal {
    const char *id;   /* the nil UUID for the bootstrap token */
    const char *name; /* without control characters */
    const char *scopes;
    bool expired; /* set when it is refused for that */
};

/* Lives in the arena, as long as the worker does. */
struct admission *admission_new(const struct settings *settings, struct arena *arena);

/* The principal is valid until the next call. ERR_TOKEN. A text that begins like one of ours and
 * has a wrong checksum is refused without asking the database. */
bool admission_find(const struct turn *turn, struct admission *admission, const char *text,
    struct principal *principal, struct err *err) MUST_CHECK;

#endif
