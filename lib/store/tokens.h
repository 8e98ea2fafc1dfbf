/* API tokens: the rows of api_token. The token's text is nowhere, only its SHA-256. */
#ifndef TG_STORE_TOKENS_H
#define TG_STORE_TOKENS_H

#include "db/db.h"

enum token_status {
    TOKEN_ACTIVE,
    TOKEN_REVOKED
};

struct token {
    const char *id;
    const char *name;
    struct list scopes; /* const char * */
    int status;         /* enum token_status */
    usec_t created_at;
    usec_t last_used_at; /* USEC_NONE: never */
    usec_t expires_at;   /* USEC_NONE: never */
};

extern const struct schema token_schema;

/* What auth wants to know of a token that may be used now. */
struct token_key {
    const char *id;
    const char *name;
    struct list scopes; /* const char * */
    usec_t expires_at;  /* USEC_NONE: never */
    bool expired;
    bool unnoted; /* last_used_at is over a minute old */
};

struct tokens_query {
    int64_t limit;
    struct cursor cursor;
};

extern const struct schema tokens_query_schema;

/* Newest first, revoked ones included; one more than `limit` when there is more. */
bool tokens_list(
    struct db *db, const struct tokens_query *in, struct list *tokens, struct err *err) MUST_CHECK;

/* The place of a token in that list. */
struct cursor token_cursor(const void *token, struct arena *arena);

/* ERR_TOKEN_NOT_FOUND. */
bool token_get(struct db *db, const char *id, struct token *token, struct err *err) MUST_CHECK;

/* The same, for one that is in use, has not ended and not been rotated; nobody else changes it
 * until the transaction ends. */
bool token_lock(struct db *db, const char *id, struct token *token, struct err *err) MUST_CHECK;

/* By its SHA-256 in hex. ERR_TOKEN when none that may be used has it. */
bool token_find(struct db *db, const char *hash, struct token_key *key, struct err *err) MUST_CHECK;

/* That it is in use. */
bool token_note(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* With id, name, scopes and expires_at of `token`, which becomes the row. ERR_TOKEN_NAME_EXISTS. */
bool token_insert(struct db *db, const char *hash, struct token *token, struct err *err) MUST_CHECK;

/* It has a successor, and ends at that time. */
bool token_replace(struct db *db, const char *id, const char *successor, usec_t expires_at,
    struct err *err) MUST_CHECK;

bool token_revoke(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* With the commit, tell every auth worker to forget what it knows. */
bool tokens_changed(struct db *db, struct err *err) MUST_CHECK;

/* Whether tokens may have changed since the last call. */
bool tokens_listen(struct db *db, bool *missed, struct err *err) MUST_CHECK;

#endif
