#include "http/route.h"

#include <string.h>

#include "base/str.h"

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
bool
route_find(struct req *req, struct err *err)
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
