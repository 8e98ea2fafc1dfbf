#include "harness/scopes.h"

#include <string.h>

#include "base/str.h"
#include "domain/scopes.h"
#include "harness/check.h"
#include "harness/wire.h"

/* -- the rule, once more ------------------------------------------------------------------- */

/* Whether this one scope gives this one right. */
static bool
gives(const char *scope, const char *right)
{
    size_t family = strcspn(right, ":");
    bool plain = str_eq(right + family, ":read") || str_eq(right + family, ":write");

    return str_eq(scope, "*") || str_eq(scope, right) || str_eq(right, SCOPE_ANY) ||
        (plain && strlen(scope) == family + 3 && memcmp(scope, right, family) == 0 &&
            str_eq(scope + family, ":rw"));
}

/* Of scopes in a row that ends in NULL. */
static bool
any_gives(const char *const *scopes, const char *right)
{
    for (size_t i = 0; scopes[i] != NULL; i++) {
        if (gives(scopes[i], right))
            return true;
    }
    return false;
}

static bool
all_given(struct arena *arena, const char *const *scopes, const char *required)
{
    char *rest = arena_strdup(arena, required), *right;

    while ((right = strsep(&rest, " ")) != NULL) {
        if (!any_gives(scopes, right))
            return false;
    }
    return true;
}

/* -- a request ----------------------------------------------------------------------------- */

static bool
pass(struct req *req, struct err *err)
{
    (void)err; /* it does not matter what the route does, only that it is reached */
    return reply_empty(req);
}

static const char *
example_of(const char *segment)
{
    if (*segment != '{')
        return segment;
    return strstr(segment, ":uuid") != NULL ? "00000000-0000-4000-8000-000000000001" : "1";
}

/* A path that the pattern takes. */
static const char *
path_of(struct arena *arena, const struct app *app, const struct route *route)
{
    char *rest = arena_strdup(arena, route->path), *segment;
    const char *path = app->prefix;

    strsep(&rest, "/");
    while ((segment = strsep(&rest, "/")) != NULL)
        path = arena_printf(arena, "%s/%s", path, example_of(segment));
    return path;
}

static void
ask(const struct app *app, const struct route *route, const char *token, const char *scopes,
    int status)
{
    struct arena arena = {0};
    struct route bare = *route;
    struct app one = *app;
    struct req req = {.arena = &arena, .method = route->method, .query_text = "", .body = ""};

    bare.run = pass;
    bare.status = 204;
    bare.flags = 0;
    bare.query = bare.body = bare.answer = NULL;
    one.routes = &bare;
    one.count = 1;
    req.path = path_of(&arena, app, route);
    req.content_type = "";
    req.turn.actor.token_name = token;
    req.turn.actor.scopes = scopes;
    req.turn.actor.request_id = "scopes";
    app_serve(&one, &req);
    if (req.answer.status != status)
        check_failed(CHECK_PLACE, "%s %s with \"%s\": want %d, have %d", route->method, req.path,
            token == NULL ? "no token" : scopes, status, req.answer.status);
    else if (status == 403)
        CHECK(strstr(req.answer.data, route->scopes) != NULL);
    else
        check_passed();
    app_finish(&req);
}

/* -- all of them --------------------------------------------------------------------------- */

static void
try_one(struct arena *arena, const struct app *app, const struct route *route, const char *scope)
{
    const char *const alone[] = {scope, NULL};

    ask(app, route, "one", scope, all_given(arena, alone, route->scopes) ? 204 : 403);
}

static void
try_all_but(struct arena *arena, const struct app *app, const struct route *route, size_t left_out)
{
    const char *others[64] = {NULL};
    const char *text = "";
    size_t count = 0;

    for (size_t i = 1; scope_names[i] != NULL; i++) {
        if (i == left_out)
            continue;
        others[count++] = scope_names[i];
        text = arena_printf(arena, "%s%s%s", text, *text == '\0' ? "" : " ", scope_names[i]);
    }
    ask(app, route, "others", text, all_given(arena, others, route->scopes) ? 204 : 403);
}

/* No route may want what no token can have. */
static bool
are_known(struct arena *arena, const char *required)
{
    return all_given(arena, scope_names + 1, required);
}

static void
try_route(const struct app *app, const struct route *route)
{
    struct arena arena = {0};
    bool is_public = *route->scopes == '\0';

    if (is_public)
        ask(app, route, NULL, "", 204);
    else {
        CHECK(are_known(&arena, route->scopes));
        ask(app, route, NULL, "", 401);
    }
    for (size_t i = 0; scope_names[i] != NULL && !is_public; i++) {
        try_one(&arena, app, route, scope_names[i]);
        try_all_but(&arena, app, route, i);
    }
    arena_reset(&arena);
}

void
run_scopes(const struct app *app)
{
    for (size_t i = 0; i < app->count && !wire_is_there(); i++)
        try_route(app, &app->routes[i]);
}
