/*
 * The rules about API tokens: a text is made here and shown once; a token can only issue what it
 * holds itself; every change tells the auth workers.
 */
#ifndef TG_DOMAIN_TOKENS_H
#define TG_DOMAIN_TOKENS_H

#include "domain/turn.h"
#include "store/tokens.h"

/* The name of the token that has no row. */
#define TOKEN_BOOTSTRAP "bootstrap"

struct token_new {
    const char *name;
    struct list scopes; /* int: indexes of scope_names */
    usec_t expires_at;  /* USEC_NONE: never */
};

extern const struct schema token_new_schema;

struct token_rotate {
    int64_t overlap_seconds;
};

extern const struct schema token_rotate_schema;

struct token_issued {
    const char *token; /* NULL once it has been shown */
    const struct token *token_meta;
};

extern const struct schema token_issued_schema;

struct token_self {
    const char *name;
    struct list scopes;   /* const char * */
    usec_t expires_at;    /* USEC_NONE: never */
    struct list features; /* const char * */
};

extern const struct schema token_self_schema;

/* ERR_TOKEN_NAME_EXISTS, ERR_SCOPE_NOT_HELD; ERR_INPUT when the name has a space at an end, a
 * scope is named twice or the end lies in the past. */
bool token_issue(const struct turn *turn, const struct token_new *in, struct token_issued *issued,
    struct err *err) MUST_CHECK;

/* A successor with the same name and scopes; the old one ends after the overlap.
 * ERR_TOKEN_NOT_FOUND, also when it is revoked, has ended or has a successor already;
 * ERR_SCOPE_NOT_HELD. */
bool token_rotate(const struct turn *turn, const char *id, const struct token_rotate *in,
    struct token_issued *issued, struct err *err) MUST_CHECK;

/* ERR_TOKEN_NOT_FOUND; one that is revoked already is none. */
bool token_end(const struct turn *turn, const char *id, struct err *err) MUST_CHECK;

/* What the token of this request is. ERR_TOKEN_NOT_FOUND when it has just ended. */
bool token_tell(const struct turn *turn, struct token_self *self, struct err *err) MUST_CHECK;

/* Scopes separated by single spaces, in the arena. */
const char *token_scopes(const struct list *scopes, struct arena *arena);

#endif
