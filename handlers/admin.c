/*
 * /admin: access is taken from many, or from one, at once.
 */
#include "domain/admin.h"

#include "http/app.h"
#include "store/users.h"

static bool
reset_connections(struct req *req, struct err *err)
{
    struct connections_reset reset;

    return admin_reset_connections(&req->turn, &reset, err) && reply(req, &reset);
}

static bool
revoke_access(struct req *req, struct err *err)
{
    struct access_revoked revoked;

    return admin_revoke_access(&req->turn, req->in, &revoked, err) && reply(req, &revoked);
}

static const struct route routes[] = {
    {"POST", "/reset-connections", "connections:write", reset_connections, 200, WRITES,
        .body = &connections_reset_new_schema, .answer = &connections_reset_schema},
    {"POST", "/revoke-user-access", "connections:write", revoke_access, 200, WRITES,
        .body = &access_revoke_schema, .answer = &access_revoked_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND)},
};

const struct app handler_app = {"admin", "/admin", routes, COUNT(routes),
    .request_ms = REQUEST_LONG_MS, .rank = ROLE_ADMIN, .stranger = ERR_ACTOR_MISSING};
