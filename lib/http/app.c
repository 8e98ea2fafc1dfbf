#include "http/app.h"

#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/str.h"
#include "http/input.h"
#include "http/problem.h"
#include "http/scopes.h"

/* -- the route ----------------------------------------------------------------------------- */

/* Segment by segment; a "{" segment matches any text that is not empty. */
static bool
path_matches(const char *pattern, const char *path)
{
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/");
        size_t have = strcspn(++path, "/");

        if (*pattern == '{' ? have == 0 : want != have || memcmp(pattern, path, want) != 0)
            return false;
        pattern += want;
        path += have;
    }
    return *pattern == '\0' && *path == '\0';
}

static bool
method_matches(const char *route, const char *method)
{
    return str_eq(route, method) || (str_eq(route, "GET") && str_eq(method, "HEAD"));
}

/* On 405, Allow has the methods of every route with this path. */
static bool
find_route(struct req *req, struct err *err)
{
    const struct app *app = req->app;
    size_t prefix = strlen(app->prefix);
    const char *allow = "";

    for (size_t i = 0; i < app->count && strncmp(req->path, app->prefix, prefix) == 0; i++) {
        const struct route *route = &app->routes[i];

        if (!path_matches(route->path, req->path + prefix))
            continue;
        if (method_matches(route->method, req->method)) {
            req->route = route;
            return true;
        }
        allow = arena_printf(req->arena, "%s%s%s%s", allow, *allow == '\0' ? "" : ", ",
            route->method, str_eq(route->method, "GET") ? ", HEAD" : "");
    }
    if (*allow == '\0')
        return err_set(err, ERR_NO_ROUTE);
    reply_header(req, "Allow", allow);
    return err_set(err, ERR_METHOD);
}

/* -- the token and the body's type --------------------------------------------------------- */

static bool
check_token(struct req *req, struct err *err)
{
    const char *required = req->route->scopes;

    if (*required == '\0')
        return true;
    if (req->app->admit != NULL)
        return req->app->admit(req, err);
    if (req->turn.actor.token_name == NULL)
        return err_set(err, ERR_TOKEN);
    if (!scopes_cover(req->turn.actor.scopes, required))
        return err_say(err, ERR_SCOPE, "Insufficient API token scope, required: %s", required);
    return true;
}

static bool
check_size(const struct req *req, struct err *err)
{
    return req->body_size <= app_body_max(req->app) || err_set(err, ERR_TOO_LARGE);
}

static bool
check_media_type(const struct req *req, struct err *err)
{
    static const char json[] = "application/json";
    size_t length = strcspn(req->content_type, "; \t");

    if (req->route->body == NULL ||
        (length == strlen(json) && strncasecmp(req->content_type, json, length) == 0))
        return true;
    return err_set(err, ERR_MEDIA_TYPE);
}

/* -- all of it ----------------------------------------------------------------------------- */

static bool
is_request_id(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t length = strlen(text);

    return length >= 1 && length <= 128 && strspn(text, allowed) == length;
}

static void
begin(const struct app *app, struct req *req)
{
    req->app = app;
    if (req->turn.actor.request_id == NULL || !is_request_id(req->turn.actor.request_id)) {
        char *id = arena_alloc(req->arena, REQUEST_ID_SIZE);
        request_id_make(id);
        req->turn.actor.request_id = id;
    }
    reply_header(req, "X-Request-Id", req->turn.actor.request_id);
    req->turn.arena = req->arena;
    if (req->turn.db != NULL)
        db_turn(req->turn.db, req->arena);
}

void
app_serve(const struct app *app, struct req *req)
{
    struct reader reader = {.arena = req->arena};
    struct err err = {0};

    begin(app, req);
    bool done = input_well_formed(req, &err) && find_route(req, &err) && check_size(req, &err) &&
        check_token(req, &err) && check_media_type(req, &err) && input_read(req, &reader, &err) &&
        req->route->run(req, &err);
    if (!done)
        problem_reply(req, &err, reader.faults);
    if (req->route != NULL && req->route->flags & SECRET)
        reply_header(req, "Cache-Control", "no-store");
}

void
app_finish(struct req *req)
{
    bool wake = req->route != NULL && req->route->flags & WRITES && req->answer.status < 300;
    struct db *db = req->turn.db;

    arena_reset(req->arena); /* the request itself may live there */
    if (wake && db != NULL)
        db_wake(db);
}

void
app_log(const struct req *req)
{
    log_info("request=%s method=%s route=%s%s status=%d ms=%.1f", req->turn.actor.request_id,
        req->method, req->app->prefix, req->route == NULL ? "?" : req->route->path,
        req->answer.status, (double)(time_monotonic() - req->started_at) / (double)USEC_MS);
}

size_t
app_body_max(const struct app *app)
{
    return app->body_max == 0 ? BODY_MAX : app->body_max;
}

const char *
req_header(const struct req *req, const char *name)
{
    const char *value = req->header == NULL ? NULL : req->header(req, name);

    return value == NULL ? "" : value;
}
