/*
 * /auth: the tokens that requests are made with.
 */
#include "domain/tokens.h"

#include "domain/scopes.h"
#include "http/app.h"
#include "http/problem.h"
#include "store/users.h"

static bool
list_scopes(struct req *req, struct err *err)
{
    struct json_object *json = json_object_new_array();

    (void)err; /* nothing can go wrong */
    for (size_t i = 0; scope_names[i] != NULL; i++)
        json_object_array_add(json, json_object_new_string(scope_names[i]));
    answer_json(req, req->route->status, "application/json", json);
    return true;
}

static bool
show_self(struct req *req, struct err *err)
{
    struct token_self self;

    return token_tell(&req->turn, &self, err) && reply(req, &self);
}

static bool
list_tokens(struct req *req, struct err *err)
{
    const struct tokens_query *in = req->in_query;
    struct list tokens;

    return tokens_list(req->turn.db, in, &tokens, err) &&
        reply_list(req, &tokens, in->limit, token_cursor);
}

static bool
issue(struct req *req, struct err *err)
{
    struct token_issued issued;

    return token_issue(&req->turn, req->in, &issued, err) && reply(req, &issued);
}

static bool
rotate(struct req *req, struct err *err)
{
    struct token_issued issued;

    return token_rotate(&req->turn, req->args[0].text, req->in, &issued, err) &&
        reply(req, &issued);
}

/* The text is shown once. */
static bool
show_again(struct req *req, struct err *err)
{
    struct token token;

    return token_get(req->turn.db, req_kept_id(req, "token_meta"), &token, err) &&
        reply(req, &(struct token_issued){.token_meta = &token});
}

static bool
revoke(struct req *req, struct err *err)
{
    return token_end(&req->turn, req->args[0].text, err) && reply_empty(req);
}

static const struct route routes[] = {
    {"GET", "/scopes", "tokens:read", list_scopes, 200, .media = "application/json"},
    {"GET", "/self", SCOPE_ANY, show_self, 200, .answer = &token_self_schema,
        .errors = ERRS(ERR_TOKEN_NOT_FOUND)},
    {"GET", "/tokens", "tokens:read", list_tokens, 200, LIST, .query = &tokens_query_schema,
        .answer = &token_schema},
    {"POST", "/tokens", "tokens:write", issue, 201, SECRET, .body = &token_new_schema,
        .answer = &token_issued_schema, .again = show_again,
        .errors = ERRS(ERR_TOKEN_NAME_EXISTS, ERR_SCOPE_NOT_HELD)},
    {"POST", "/tokens/{id:uuid}/rotate", "tokens:write", rotate, 201, SECRET,
        .body = &token_rotate_schema, .answer = &token_issued_schema, .again = show_again,
        .errors = ERRS(ERR_TOKEN_NOT_FOUND, ERR_SCOPE_NOT_HELD)},
    {"DELETE", "/tokens/{id:uuid}", "tokens:write", revoke, 204,
        .errors = ERRS(ERR_TOKEN_NOT_FOUND)},
};

/* What a token does for itself, no rank bounds: with one of his own an admin could do all that a
 * superadmin can. */
const struct app handler_app = {"tokens", "/auth", routes, COUNT(routes), .rank = ROLE_SUPERADMIN};
