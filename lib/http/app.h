/*
 * An app is one route family: a prefix and a table of routes. Read the table and you know it.
 *
 * app_serve() takes a request through the steps that every route shares, in the order that the
 * contract promises: well formed (400), route (404, 405), token (401), scopes (403), media type
 * (415), then JSON, path, query and body through their schemas (422, all faults), then the route.
 * A route's function sees only valid input. (413 and 429 are nginx's.)
 */
#ifndef TG_HTTP_APP_H
#define TG_HTTP_APP_H

#include "db/db.h"
#include "domain/turn.h"

enum {
    PATH_ARGS_MAX = 3,
    HEADERS_MAX = 8
};

struct path_arg {
    const char *text;
    int64_t number; /* of an {...:int} */
};

struct header {
    const char *name, *value;
};

struct answer {
    int status;
    const char *type; /* of the body; NULL for no body */
    const char *data; /* in the request's arena */
    size_t size;
    struct header headers[HEADERS_MAX];
    size_t header_count;
};

struct req {
    struct arena *arena;
    struct turn turn; /* what the rules get; turn.actor.token_name is NULL without a token */
    void *state;      /* of a daemon that serves this app; NULL in handlers */
    const struct app *app;

    const char *method;
    const char *path; /* decoded */
    const char *query_text;
    const char *content_type; /* "" when there is none */
    const char *body;         /* body[body_size] is 0; NULL when it did not arrive whole */
    size_t body_size;

    const struct route *route;           /* NULL until it is found */
    struct path_arg args[PATH_ARGS_MAX]; /* the {...} segments of the path, left to right */
    const struct list *pairs;            /* struct pair, the query string decoded */
    const void *in_query;                /* a record of route->query */
    const void *in;                      /* a record of route->body */

    struct answer answer;
};

typedef bool route_fn(struct req *req, struct err *err);

enum route_flags {
    LIST = 1 << 0,   /* answers an array, by reply_list() */
    WRITES = 1 << 1, /* the dispatcher is woken after the answer */
    SECRET = 1 << 2, /* the answer holds credentials: no cache may keep it */
};

struct route {
    const char *method; /* GET serves HEAD, too */
    const char *path;   /* below the prefix; {name:int} and {name} bind a segment */
    const char *scopes; /* all that the token must hold: "users:write users:role"; "" is public */
    route_fn *run;
    int status; /* of success */
    unsigned flags;
    const struct schema *query;  /* NULL when the route takes no parameters */
    const struct schema *body;   /* NULL when it takes no body */
    const struct schema *answer; /* NULL when it answers without a record */
    const enum err_code *errors; /* that it may give besides those of the shared steps; ERRS() */
};

#define ERRS(...) ((const enum err_code[]){__VA_ARGS__, ERR_NONE})

struct app {
    const char *name;
    const char *prefix;
    const struct route *routes;
    size_t count;
};

/* The app of this process: handlers/NAME.c defines it, lib/http/main.c serves it. */
extern const struct app handler_app;

/* Answer one request: req->answer is complete, whatever happens. */
void app_serve(const struct app *app, struct req *req);

/* What is to be done once the answer is on its way. Resets the arena. */
void app_finish(struct req *req);

/* -- answers, for route functions. All return true, so that `return reply(...)` ends a route. -- */

/* Status and schema are the row's. */
bool reply(struct req *req, const void *record);

typedef struct cursor cursor_fn(const void *record, struct arena *arena);

/* A page: of `list` at most `limit` records. If there is one more, Link names the next page, which
 * starts after the last record shown; `place` says where that is. */
bool reply_list(struct req *req, const struct list *list, int64_t limit, cursor_fn *place);

/* A body that is not JSON. The data must live in the arena or longer. */
bool reply_bytes(struct req *req, const char *type, const void *data, size_t size);

bool reply_empty(struct req *req);

/* Both without control characters, living as long as the request. */
void reply_header(struct req *req, const char *name, const char *value);

#endif
