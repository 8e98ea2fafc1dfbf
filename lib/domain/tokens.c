#include "domain/tokens.h"

#include <string.h>

#include "base/str.h"
#include "base/uuid.h"
#include "crypto/digest.h"
#include "crypto/token.h"
#include "domain/features.h"
#include "domain/scopes.h"
#include "schema/write.h"

static const struct field scope_field = {.name = "scope", .type = FIELD_ENUM, .names = scope_names};

static const struct field token_new_fields[] = {
    F_TEXT(struct token_new, name, F_REQUIRED, 1, 128),
    F_LIST(struct token_new, scopes, F_REQUIRED | F_DISTINCT, &scope_field, 1),
    F_TIME(struct token_new, expires_at, F_NULLABLE),
};
const struct schema token_new_schema = SCHEMA(struct token_new, token_new_fields);

static const struct field token_rotate_fields[] = {
    F_INT(struct token_rotate, overlap_seconds, F_OPTIONAL, 0, 86400),
};
const struct schema token_rotate_schema = SCHEMA(struct token_rotate, token_rotate_fields);

static const struct field token_issued_fields[] = {
    F_TEXT(struct token_issued, token, F_NULLABLE, 0, INT32_MAX),
    F_OBJECT(struct token_issued, token_meta, struct token, F_REQUIRED, &token_schema),
};
const struct schema token_issued_schema = SCHEMA(struct token_issued, token_issued_fields);

/* What the audit log holds of a token: not its name. */
struct grant {
    struct list scopes; /* const char * */
    usec_t expires_at;
};

static const struct field word_field = {
    .name = "word", .type = FIELD_TEXT, .min = 1, .max = INT32_MAX};
static const struct field grant_fields[] = {
    F_LIST(struct grant, scopes, F_REQUIRED, &word_field, 0),
    F_TIME(struct grant, expires_at, F_NULLABLE),
};
static const struct schema grant_schema = SCHEMA(struct grant, grant_fields);

static const struct field token_self_fields[] = {
    F_TEXT(struct token_self, name, F_REQUIRED, 0, INT32_MAX),
    F_LIST(struct token_self, scopes, F_REQUIRED, &word_field, 0),
    F_TIME(struct token_self, expires_at, F_NULLABLE),
    F_LIST(struct token_self, features, F_REQUIRED, &word_field, 0),
};
const struct schema token_self_schema = SCHEMA(struct token_self, token_self_fields);

/* -- scopes -------------------------------------------------------------------------------- */

const char *
token_scopes(const struct list *scopes, struct arena *arena)
{
    const char *const *names = scopes->at;
    const char *text = "";

    for (size_t i = 0; i < scopes->count; i++)
        text = arena_printf(arena, "%s%s%s", text, i == 0 ? "" : " ", names[i]);
    return text;
}

/* Their names, in the arena. */
static bool
read_scopes(const struct list *in, struct list *scopes, struct arena *arena, struct err *err)
{
    const char **names = arena_alloc(arena, in->count * sizeof(*names));
    const int *indexes = in->at;
    uint64_t seen = 0;

    for (size_t i = 0; i < in->count; i++) {
        if (seen >> indexes[i] & 1)
            return err_fault(
                err, "scopes", "list_type", "A scope is named twice: %s", scope_names[indexes[i]]);
        seen |= UINT64_C(1) << indexes[i];
        names[i] = scope_names[indexes[i]];
    }
    *scopes = (struct list){names, in->count};
    return true;
}

static bool
check_held(const struct turn *turn, const struct list *scopes, struct err *err)
{
    return scopes_cover(turn->actor.scopes, token_scopes(scopes, turn->arena)) ||
        err_set(err, ERR_SCOPE_NOT_HELD);
}

/* -- changes ------------------------------------------------------------------------------- */

static bool
audit_token(const struct turn *turn, const char *action, const struct token *token, struct err *err)
{
    const struct grant grant = {token->scopes, token->expires_at};
    const struct audit audit = {
        .action = action,
        .subject = arena_printf(turn->arena, "token:%s", token->id),
        .after = write_text(&grant_schema, &grant, turn->arena),
    };

    return audit_insert(turn->db, &turn->actor, &audit, err) && tokens_changed(turn->db, err);
}

/* The text lives in the arena and in the answer. */
static bool
insert(const struct turn *turn, struct token *token, struct token_issued *issued, struct err *err)
{
    char *text = arena_alloc(turn->arena, TOKEN_TEXT_SIZE);
    char hash[SHA256_HEX_SIZE];
    struct token *row = arena_alloc(turn->arena, sizeof(*row));

    token_make(text);
    sha256_hex(text, TOKEN_TEXT_SIZE - 1, hash);
    *row = *token;
    *issued = (struct token_issued){text, row};
    return token_insert(turn->db, hash, row, err);
}

static bool
check_end(usec_t expires_at, struct err *err)
{
    return expires_at == USEC_NONE || expires_at > time_now() ||
        err_fault(err, "expires_at", "greater_than_equal", "expires_at is in the past");
}

/* In the log, a name stands for whoever has it; spaces at its ends would be lost in a header. */
static bool
check_name(const char *name, struct err *err)
{
    if (*name == ' ' || name[strlen(name) - 1] == ' ')
        return err_fault(
            err, "name", "string_pattern", "A name must neither begin nor end with a space");
    return !str_eq(name, TOKEN_BOOTSTRAP) || err_set(err, ERR_TOKEN_NAME_EXISTS);
}

bool
token_issue(const struct turn *turn, const struct token_new *in, struct token_issued *issued,
    struct err *err)
{
    char id[UUID_SIZE];
    struct token token = {.id = id, .name = in->name, .expires_at = in->expires_at};

    uuid_make(id);
    return check_name(in->name, err) && check_end(in->expires_at, err) &&
        read_scopes(&in->scopes, &token.scopes, turn->arena, err) &&
        check_held(turn, &token.scopes, err) && db_begin(turn->db, err) &&
        insert(turn, &token, issued, err) &&
        audit_token(turn, "tokens.create", issued->token_meta, err) && db_commit(turn->db, err);
}

bool
token_rotate(const struct turn *turn, const char *id, const struct token_rotate *in,
    struct token_issued *issued, struct err *err)
{
    usec_t end = time_now() + in->overlap_seconds * USEC_SEC;
    char successor[UUID_SIZE];
    struct token old, token;

    uuid_make(successor);
    if (!db_begin(turn->db, err) || !token_lock(turn->db, id, &old, err) ||
        !check_held(turn, &old.scopes, err))
        return false;
    token = (struct token){
        .id = successor, .name = old.name, .scopes = old.scopes, .expires_at = old.expires_at};
    return token_replace(turn->db, id, successor, end, err) && insert(turn, &token, issued, err) &&
        audit_token(turn, "tokens.rotate", &old, err) && db_commit(turn->db, err);
}

static bool
revoke(const struct turn *turn, const struct token *token, struct err *err)
{
    return token_revoke(turn->db, token->id, err) && audit_token(turn, "tokens.revoke", token, err);
}

bool
token_end(const struct turn *turn, const char *id, struct err *err)
{
    struct token token;

    return db_begin(turn->db, err) && token_get(turn->db, id, &token, err) &&
        (token.status != TOKEN_REVOKED ? revoke(turn, &token, err)
                                       : tokens_changed(turn->db, err)) &&
        db_commit(turn->db, err);
}

/* -- what one is --------------------------------------------------------------------------- */

static struct list
words_of(const char *text, struct arena *arena)
{
    const char **words = arena_alloc(arena, (strlen(text) + 1) * sizeof(*words));
    size_t count = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, " ");

        words[count++] = arena_printf(arena, "%.*s", (int)length, text);
        text += length + (text[length] == ' ');
    }
    return (struct list){words, count};
}

/* The bootstrap token has no row, and no end. */
bool
token_tell(const struct turn *turn, struct token_self *self, struct err *err)
{
    const struct actor *actor = &turn->actor;
    struct token token = {0};

    if (!str_eq(actor->token_id, UUID_NIL) && !token_get(turn->db, actor->token_id, &token, err))
        return false;
    *self = (struct token_self){
        .name = actor->token_name,
        .scopes = words_of(actor->scopes, turn->arena),
        .expires_at = token.expires_at,
        .features = features_of(turn->settings, turn->arena),
    };
    return true;
}
