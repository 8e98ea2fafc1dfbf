#include "store/idempotency.h"

struct lock {
    bool locked;
};

static const struct field lock_fields[] = {
    F_BOOL(struct lock, locked, F_REQUIRED),
};
static const struct schema lock_schema = SCHEMA(struct lock, lock_fields);

static const struct field outcome_fields[] = {
    F_TEXT(struct outcome, request_hash, F_REQUIRED, 0, INT32_MAX),
    F_JSON(struct outcome, answer, F_REQUIRED),
};
static const struct schema outcome_schema = SCHEMA(struct outcome, outcome_fields);

/* The second number keeps these locks apart from other advisory ones. */
static const struct query IDEMPOTENCY_LOCK = {
    .name = "idempotency_lock",
    .sql = "select pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 73284924))"
           " as locked",
    .row = &lock_schema,
};

bool
idempotency_lock(
    struct db *db, const char *token_id, const char *key, bool *locked, struct err *err)
{
    struct lock lock;

    if (!db_one(db, &IDEMPOTENCY_LOCK, DB_ARGS(arg_text(token_id), arg_text(key)), &lock, err))
        return false;
    *locked = lock.locked;
    return true;
}

static const struct query IDEMPOTENCY_FIND = {
    .name = "idempotency_find",
    .sql = "select request_hash, answer from idempotency where token_id = $1 and key = $2"
           " and created_at > now() - interval '24 hours'",
    .row = &outcome_schema,
};

bool
idempotency_find(
    struct db *db, const char *token_id, const char *key, struct list *outcomes, struct err *err)
{
    return db_all(db, &IDEMPOTENCY_FIND, DB_ARGS(arg_text(token_id), arg_text(key)), outcomes, err);
}

static const struct query IDEMPOTENCY_KEEP = {
    .name = "idempotency_keep",
    .sql = "insert into idempotency (token_id, key, request_hash, answer, created_at)"
           " values ($1, $2, $3, $4, now())"
           " on conflict (token_id, key) do update set request_hash = excluded.request_hash,"
           " answer = excluded.answer, created_at = excluded.created_at",
};

bool
idempotency_keep(struct db *db, const char *token_id, const char *key,
    const struct outcome *outcome, struct err *err)
{
    return db_exec(db, &IDEMPOTENCY_KEEP,
        DB_ARGS(arg_text(token_id), arg_text(key), arg_text(outcome->request_hash),
            arg_text(outcome->answer)),
        NULL, err);
}
