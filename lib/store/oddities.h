/*
 * Oddities: rows that an installation of an earlier program may hold and that break a rule of ours.
 * Some of them the migrations must change, each kind in one of them; the others stay as they are
 * and are for the operator to judge. Works on a database of any stage, and reads only.
 */
#ifndef TG_STORE_ODDITIES_H
#define TG_STORE_ODDITIES_H

#include "db/db.h"

struct oddity {
    const char *id; /* of the row: a UUID, a number */
    const char *detail;
};

struct oddity_kind {
    int64_t before; /* the migration that changes them; INT64_MAX: none does */
    const char *table;
    const char *what; /* they are, all of them */
    const char *fate; /* what becomes of them */
    struct query query;
};

extern const struct oddity_kind oddity_kinds[];
extern const size_t oddity_kinds_count;

/* Of a kind. Oldest id first. */
bool oddities_read(struct db *db, const struct oddity_kind *kind, struct list *oddities,
    struct err *err) MUST_CHECK;

/* What a revision's client was given. It holds credentials. */
struct given {
    const char *id;
    const char *protocol; /* in lower case */
    const char *config;   /* NULL: it is not active */
};

/* After the id, at most `limit`, by id; NULL: from the first. */
bool given_read(struct db *db, const char *after, int64_t limit, struct list *given,
    struct err *err) MUST_CHECK;

/* The scopes of an active token. */
struct token_scopes {
    const char *id, *name;
    const char *scopes; /* JSON */
};

/* Of all active tokens; a stage below the seventh has no scopes, and its tokens get all. */
bool tokens_scopes(struct db *db, int64_t stage, struct list *tokens, struct err *err) MUST_CHECK;

/* Takes from every token the scopes that are not among `known` (JSON): those of the tokens that
 * lost some are in `tokens`, as they were. */
bool tokens_drop_unknown(
    struct db *db, const char *known, struct list *tokens, struct err *err) MUST_CHECK;

#endif
