/*
 * /users: who may use the service, what is decided about each, and what the bot asks for first.
 */
#include "domain/users.h"

#include "domain/standing.h"
#include "http/app.h"

static bool
list_users(struct req *req, struct err *err)
{
    const struct users_query *in = req->in_query;
    struct list users;

    return users_read(&req->turn, in, &users, err) &&
        reply_list(req, &users, in->limit, user_cursor);
}

static bool
create_user(struct req *req, struct err *err)
{
    struct user user;

    return user_create(&req->turn, req->in, &user, err) && reply(req, &user);
}

static bool
get_user(struct req *req, struct err *err)
{
    struct user user;

    return user_read(&req->turn, req->args[0].number, &user, err) && reply(req, &user);
}

static bool
set_limit(struct req *req, struct err *err)
{
    struct user user;

    return user_set_limit(&req->turn, req->args[0].number, req->in, &user, err) &&
        reply(req, &user);
}

static bool
set_profile(struct req *req, struct err *err)
{
    struct user user;

    return user_set_profile(&req->turn, req->args[0].number, req->in, &user, err) &&
        reply(req, &user);
}

static bool
set_entitlement(struct req *req, struct err *err)
{
    struct user user;

    return user_set_entitlement(&req->turn, req->args[0].number, req->in, &user, err) &&
        reply(req, &user);
}

static bool
set_role(struct req *req, struct err *err)
{
    struct user user;

    return user_set_role(&req->turn, req->args[0].number, req->in, &user, err) && reply(req, &user);
}

static bool
block_user(struct req *req, struct err *err)
{
    struct user user;

    return user_block(&req->turn, req->args[0].number, req->in, &user, err) && reply(req, &user);
}

static bool
unblock_user(struct req *req, struct err *err)
{
    struct user user;

    return user_unblock(&req->turn, req->args[0].number, &user, err) && reply(req, &user);
}

static bool
open_session(struct req *req, struct err *err)
{
    struct session session;

    return user_come(&req->turn, req->args[0].number, req->in, &session, err) &&
        reply(req, &session);
}

static const struct route routes[] = {
    {"GET", "", "users:read", list_users, 200, LIST, .query = &users_query_schema,
        .answer = &user_schema},
    {"POST", "", "users:write", create_user, 201, 0, .body = &user_new_schema,
        .answer = &user_schema, .errors = ERRS(ERR_USER_EXISTS, ERR_RANK)},
    {"GET", "/telegram/{telegram_id:int}", "users:read", get_user, 200, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND)},
    {"GET", "/{telegram_id:int}", "users:read", get_user, 200, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND)},
    {"PATCH", "/{telegram_id:int}", "users:write", set_limit, 200, 0, .body = &user_patch_schema,
        .answer = &user_schema, .errors = ERRS(ERR_USER_NOT_FOUND, ERR_RANK)},
    {"PATCH", "/{telegram_id:int}/profile", "users:write", set_profile, 200, 0,
        .body = &user_profile_schema, .answer = &user_schema, .errors = ERRS(ERR_USER_NOT_FOUND)},
    {"PATCH", "/{telegram_id:int}/entitlement", "users:write", set_entitlement, 200, WRITES,
        .body = &entitlement_set_schema, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_RANK)},
    {"PATCH", "/{telegram_id:int}/role", "users:write users:role", set_role, 200, 0,
        .body = &role_set_schema, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_LAST_SUPERADMIN, ERR_RANK)},
    {"PATCH", "/{telegram_id:int}/bot-block", "users:write", block_user, 200, WRITES,
        .body = &block_set_schema, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_SUPERADMIN_IMMUNE, ERR_RANK)},
    {"POST", "/{telegram_id:int}/bot-unblock", "users:write", unblock_user, 200, 0,
        .body = &unblock_set_schema, .answer = &user_unblocked_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_RANK)},
    {"POST", "/{telegram_id:int}/session", "users:write", open_session, 200, 0,
        .body = &user_profile_schema, .answer = &session_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_RANK)},
};

const struct app handler_app = {"users", "/users", routes, COUNT(routes)};
