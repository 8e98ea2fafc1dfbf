/* Outcomes of requests with an Idempotency-Key, by token and key; they count for a day. */
#ifndef TG_STORE_IDEMPOTENCY_H
#define TG_STORE_IDEMPOTENCY_H

#include "db/db.h"

struct outcome {
    const char *request_hash;
    const char *answer; /* a JSON object as text */
};

/* Until the transaction ends nobody else has this key; *locked is false when somebody has. */
bool idempotency_lock(
    struct db *db, const char *token_id, const char *key, bool *locked, struct err *err) MUST_CHECK;

/* At most one struct outcome. */
bool idempotency_find(struct db *db, const char *token_id, const char *key, struct list *outcomes,
    struct err *err) MUST_CHECK;

bool idempotency_keep(struct db *db, const char *token_id, const char *key,
    const struct outcome *outcome, struct err *err) MUST_CHECK;

#endif
