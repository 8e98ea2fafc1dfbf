#include "store/tokens.h"

#include "db/listen.h"
#include "schema/cursor.h"
#include "schema/write.h"

static const char *const token_status_names[] = {"active", "revoked", NULL};

static const struct field scope_field = {
    .name = "scope", .type = FIELD_TEXT, .min = 1, .max = INT32_MAX};

enum token_field {
    TOKEN_ID,
    TOKEN_NAME,
    TOKEN_SCOPES,
};

static const struct field token_fields[] = {
    [TOKEN_ID] = F_UUID(struct token, id, F_REQUIRED),
    [TOKEN_NAME] = F_TEXT(struct token, name, F_REQUIRED, 0, INT32_MAX),
    [TOKEN_SCOPES] = F_LIST(struct token, scopes, F_REQUIRED, &scope_field, 0),
    F_ENUM(struct token, status, F_REQUIRED, token_status_names),
    F_TIME(struct token, created_at, F_REQUIRED),
    F_TIME(struct token, last_used_at, F_NULLABLE),
    F_TIME(struct token, expires_at, F_NULLABLE),
};
const struct schema token_schema = SCHEMA(struct token, token_fields);

static const struct field key_fields[] = {
    F_UUID(struct token_key, id, F_REQUIRED),
    F_TEXT(struct token_key, name, F_REQUIRED, 0, INT32_MAX),
    F_LIST(struct token_key, scopes, F_REQUIRED, &scope_field, 0),
    F_TIME(struct token_key, expires_at, F_NULLABLE),
    F_BOOL(struct token_key, expired, F_REQUIRED),
    F_BOOL(struct token_key, unnoted, F_REQUIRED),
};
static const struct schema key_schema = SCHEMA(struct token_key, key_fields);

static const struct tokens_query tokens_query_defaults = {.limit = 200};
static const struct field tokens_query_fields[] = {
    F_INT(struct tokens_query, limit, F_OPTIONAL, 1, 1000),
    F_CURSOR(struct tokens_query, cursor),
};
const struct schema tokens_query_schema =
    SCHEMA_FROM(struct tokens_query, tokens_query_fields, &tokens_query_defaults);

#define COLUMNS "id, name, scopes, status, created_at, last_used_at, expires_at"

static const struct query TOKENS_LIST = {
    .name = "tokens_list",
    .sql = "select " COLUMNS " from api_token"
           " where ($1::timestamptz is null or (created_at, id) < ($1, $2::uuid))"
           " order by created_at desc, id desc limit $3",
    .plan = PLAN_CUSTOM,
    .row = &token_schema,
};

bool
tokens_list(struct db *db, const struct tokens_query *in, struct list *tokens, struct err *err)
{
    return db_all(db, &TOKENS_LIST,
        DB_ARGS(arg_time(in->cursor.created_at), arg_text(cursor_uuid(&in->cursor)),
            arg_int(in->limit + 1)),
        tokens, err);
}

struct cursor
token_cursor(const void *token, struct arena *arena)
{
    const struct token *last = token;

    (void)arena; /* for those whose id must be written first */
    return (struct cursor){last->created_at, last->id};
}

static const struct query TOKEN_GET = {
    .name = "token_get",
    .sql = "select " COLUMNS " from api_token where id = $1",
    .row = &token_schema,
    .missing = ERR_TOKEN_NOT_FOUND,
};

bool
token_get(struct db *db, const char *id, struct token *token, struct err *err)
{
    return db_one(db, &TOKEN_GET, DB_ARGS(arg_text(id)), token, err);
}

static const struct query TOKEN_LOCK = {
    .name = "token_lock",
    .sql = "select " COLUMNS " from api_token"
           " where id = $1 and status = 'active' and replaced_by is null"
           " and (expires_at is null or expires_at > now()) for update",
    .row = &token_schema,
    .missing = ERR_TOKEN_NOT_FOUND,
};

bool
token_lock(struct db *db, const char *id, struct token *token, struct err *err)
{
    return db_one(db, &TOKEN_LOCK, DB_ARGS(arg_text(id)), token, err);
}

static const struct query TOKEN_FIND = {
    .name = "token_find",
    .sql = "select id, name, scopes, expires_at, coalesce(expires_at <= now(), false) as expired,"
           " (last_used_at is null or last_used_at < now() - interval '1 minute') as unnoted"
           " from api_token where token_hash = $1 and status = 'active'",
    .row = &key_schema,
    .missing = ERR_TOKEN,
};

bool
token_find(struct db *db, const char *hash, struct token_key *key, struct err *err)
{
    return db_one(db, &TOKEN_FIND, DB_ARGS(arg_text(hash)), key, err);
}

static const struct query TOKEN_NOTE = {
    .name = "token_note",
    .sql = "update api_token set last_used_at = now() where id = $1"
           " and (last_used_at is null or last_used_at < now() - interval '1 minute')",
};

bool
token_note(struct db *db, const char *id, struct err *err)
{
    return db_exec(db, &TOKEN_NOTE, DB_ARGS(arg_text(id)), NULL, err);
}

static const struct query TOKEN_INSERT = {
    .name = "token_insert",
    .sql = "insert into api_token (id, name, token_hash, scopes, status, expires_at)"
           " values ($1, $2, $3, $4::jsonb, 'active', $5) returning " COLUMNS,
    .row = &token_schema,
    .duplicate = ERR_TOKEN_NAME_EXISTS,
};

bool
token_insert(struct db *db, const char *hash, struct token *token, struct err *err)
{
    const char *scopes = write_field(&token_schema, TOKEN_SCOPES, token, db->arena);

    return db_one(db, &TOKEN_INSERT,
        DB_ARGS(arg_text(token->id), arg_text(token->name), arg_text(hash), arg_text(scopes),
            arg_time(token->expires_at)),
        token, err);
}

static const struct query TOKEN_REPLACE = {
    .name = "token_replace",
    .sql = "update api_token set replaced_by = $2, expires_at = least(expires_at, $3)"
           " where id = $1",
};

bool
token_replace(
    struct db *db, const char *id, const char *successor, usec_t expires_at, struct err *err)
{
    return db_exec(db, &TOKEN_REPLACE,
        DB_ARGS(arg_text(id), arg_text(successor), arg_time(expires_at)), NULL, err);
}

static const struct query TOKEN_REVOKE = {
    .name = "token_revoke",
    .sql = "update api_token set status = 'revoked' where id = $1 and status <> 'revoked'",
};

bool
token_revoke(struct db *db, const char *id, struct err *err)
{
    return db_exec(db, &TOKEN_REVOKE, DB_ARGS(arg_text(id)), NULL, err);
}

static const struct query TOKENS_CHANGED = {
    .name = "tokens_changed",
    .sql = "select pg_notify('api_token', '')",
};

bool
tokens_changed(struct db *db, struct err *err)
{
    return db_exec(db, &TOKENS_CHANGED, DB_NO_ARGS, NULL, err);
}

static const struct query TOKENS_LISTEN = {
    .name = "tokens_listen",
    .sql = "listen api_token",
};

bool
tokens_listen(struct db *db, bool *missed, struct err *err)
{
    return db_listen(db, &TOKENS_LISTEN, missed, err);
}
