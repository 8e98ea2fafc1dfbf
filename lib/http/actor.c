#include "http/actor.h"

#include <string.h>

#include "base/str.h"
#include "domain/scopes.h"
#include "store/actors.h"
#include "store/users.h"

/* The member of the body's record; 0 when there is none. */
static int64_t
actor_of_body(const struct req *req)
{
    const struct schema *schema = req->route->body;

    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        const void *at = (const char *)req->in + field->offset;

        if (!str_eq(field->name, "actor_telegram_id"))
            continue;
        if (field->type == FIELD_INT)
            return *(const int64_t *)at;
        if (field->type == FIELD_OPT_INT)
            return ((const struct opt_int *)at)->value;
    }
    return 0;
}

static bool
reads_himself(const struct req *req)
{
    return str_eq(req->route->method, "GET") && str_eq(req->app->prefix, "/users") &&
        strstr(req->route->path, "{telegram_id:int}") != NULL &&
        req->args[0].number == req->turn.actor.telegram_id;
}

static bool
find(const struct req *req, struct actor_user *user, struct err *err)
{
    enum err_code stranger = req->app->stranger;

    if (actor_get(req->turn.db, req->turn.actor.telegram_id, user, err))
        return true;
    return err->code == ERR_ACTOR_NOT_FOUND && stranger != ERR_NONE ? err_set(err, stranger)
                                                                    : false;
}

/* Whoever has a token may ask what it is. */
static bool
has_rank(const struct req *req)
{
    return req->turn.actor.role >= req->app->rank || str_eq(req->route->scopes, SCOPE_ANY);
}

static bool
know(struct req *req, struct err *err)
{
    struct actor_user user;

    if (!find(req, &user, err))
        return false;
    req->turn.actor.role = user.role;
    if (user.blocked && !reads_himself(req))
        return err_set(err, ERR_USER_BLOCKED);
    return has_rank(req) ||
        err_say(err, ERR_RANK, "%s role required",
            req->app->rank == ROLE_SUPERADMIN ? "Superadmin" : "Admin");
}

bool
actor_check(struct req *req, struct err *err)
{
    int64_t of_header = req->turn.actor.telegram_id, of_body = actor_of_body(req);

    if (of_header != 0 && of_body != 0 && of_header != of_body)
        return err_set(err, ERR_ACTOR_MISMATCH);
    if (of_body != 0)
        req->turn.actor.telegram_id = of_body;
    return req->turn.actor.telegram_id == 0 || know(req, err);
}
