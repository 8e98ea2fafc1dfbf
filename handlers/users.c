/*
 * /users: who may use the service, and how many devices each may have.
 */
#include "domain/users.h"
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
set_user(struct req *req, struct err *err)
{
    struct user user;

    return user_set(&req->turn, req->args[0].number, req->in, &user, err) && reply(req, &user);
}

static bool
set_profile(struct req *req, struct err *err)
{
    struct user user;

    return user_set_profile(&req->turn, req->args[0].number, req->in, &user, err) &&
        reply(req, &user);
}

static const struct route routes[] = {
    {"GET", "", "users:read", list_users, 200, LIST, .query = &users_query_schema,
        .answer = &user_schema},
    {"POST", "", "users:write", create_user, 201, WRITES, .body = &user_new_schema,
        .answer = &user_schema, .errors = ERRS(ERR_USER_EXISTS, ERR_RANK)},
    {"GET", "/telegram/{telegram_id:int}", "users:read", get_user, 200, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND)},
    {"GET", "/{telegram_id:int}", "users:read", get_user, 200, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND)},
    {"PATCH", "/{telegram_id:int}", "users:write", set_user, 200, WRITES,
        .body = &user_patch_schema, .answer = &user_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_RANK)},
    {"PATCH", "/{telegram_id:int}/profile", "users:write", set_profile, 200, WRITES,
        .body = &user_profile_schema, .answer = &user_schema, .errors = ERRS(ERR_USER_NOT_FOUND)},
};

const struct app handler_app = {"users", "/users", routes, COUNT(routes)};
