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

#include "http/req.h"

typedef bool route_fn(struct req *req, struct err *err);

enum route_flags {
    LIST = 1 << 0,     /* answers an array, by reply_list() */
    WRITES = 1 << 1,   /* the dispatcher is woken after the answer */
    SECRET = 1 << 2,   /* the answer holds credentials: no cache may keep it */
    INTERNAL = 1 << 3, /* nginx alone asks for it: no location, no line in the log when it passes */
};

struct route {
    const char *method; /* GET serves HEAD, too */
    const char *path;   /* below the prefix; {name:int}, {name:uuid}, {name} bind a segment */
    const char *scopes; /* all that the token must hold: "users:write users:role"; "" is public */
    route_fn *run;
    int status; /* of success */
    unsigned flags;
    const struct schema *query;  /* NULL when the route takes no parameters */
    const struct schema *body;   /* NULL when it takes no body */
    const struct schema *answer; /* NULL when it answers without a record */
    route_fn *again;             /* of a SECRET change: answers once more, by req_kept_id() */
    const enum err_code *errors; /* that it may give besides those of the shared steps; ERRS() */
    const char *media;           /* types of an answer without a record, "text/plain image/png" */
    int also;                    /* another status that its record may come with; 0 for none */
};

#define ERRS(...) ((const enum err_code[]){__VA_ARGS__, ERR_NONE})

typedef bool admit_fn(struct req *req, struct err *err);

struct app {
    const char *name; /* in logs and metrics */
    const char *prefix;
    const struct route *routes;
    size_t count;
    admit_fn *admit;     /* instead of the check of token and scopes, for routes that have some */
    size_t body_max;     /* bytes; 0 is BODY_MAX */
    unsigned request_ms; /* within which a request is answered or given up; 0 is REQUEST_MS */
    unsigned workers;    /* of a handler, unless -w says so; 0 is WORKERS */
    bool issues;         /* configurations: its rules need the catalogue, turn.catalog */
    int rank;            /* enum user_role: the least that an actor must have, if there is one */
    enum err_code stranger; /* about an actor whom nobody knows; 0 is ERR_ACTOR_NOT_FOUND */
    enum program program;   /* whose settings a handler reads; 0 is PROGRAM_HANDLER */
    /* Called once per worker of a handler, for its req->state; the arena lives as long. */
    void *(*open)(const struct settings *settings, struct arena *arena);
};

enum {
    BODY_MAX = 1 << 20,
    REQUEST_MS = 900,
    REQUEST_LONG_MS = 10000, /* of what concerns everybody: longer than a user waits */
    WORKERS = 2
};

/* The app of this process: handlers/NAME.c defines it, lib/http/main.c serves it. */
extern const struct app handler_app;

/* Answer one request: req->answer is complete, whatever happens. */
void app_serve(const struct app *app, struct req *req);

/* What is to be done once the answer is on its way. Resets the arena. */
void app_finish(struct req *req);

/* The request's line in the log, never with its query, its body or a header; and its count. */
void app_log(const struct req *req);

size_t app_body_max(const struct app *app);

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

/* For apps of a server (http/server.h): the route returns, the answer comes later. Request and
 * arena live until reply_finish(), or until the server answers 503 at its deadline: whoever keeps
 * the request learns of its end through arena_defer(). */
bool reply_later(struct req *req);

/* Send what reply() and its like, or reply_error(), have filled since. The request is gone then. */
void reply_finish(struct req *req);
void reply_error(struct req *req, const struct err *err);

/* Both without control characters, living as long as the request. */
void reply_header(struct req *req, const char *name, const char *value);

#endif
