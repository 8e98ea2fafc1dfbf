/*
 * A request on its way through an app, and its answer. Whoever brings it (FastCGI, evhttp, a test)
 * fills the first half, app_serve() the second.
 */
#ifndef TG_HTTP_REQ_H
#define TG_HTTP_REQ_H

#include "db/db.h"
#include "domain/turn.h"

enum {
    PATH_ARGS_MAX = 3,
    HEADERS_MAX = 12
};

struct req;

struct path_arg {
    const char *text;
    int64_t number; /* of an {...:int}; text of an {...:uuid} is normalised */
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

/* NULL when the request has no such header. */
typedef const char *header_fn(const struct req *req, const char *name);

struct req {
    struct arena *arena;
    struct turn turn; /* what the rules get; turn.actor.token_name is NULL without a token */
    void *state;      /* of a daemon that serves this app; NULL in handlers */
    header_fn *header;
    void *wire; /* what brought the request, for `header` and `finish` */

    const char *method;
    const char *path; /* decoded */
    const char *query_text;
    const char *content_type; /* "" when there is none */
    const char *body;         /* body[body_size] is 0; NULL when it did not arrive whole */
    size_t body_size;

    const struct app *app;
    usec_t started_at;                   /* by time_monotonic() */
    const struct route *route;           /* NULL until it is found */
    struct path_arg args[PATH_ARGS_MAX]; /* the {...} segments of the path, left to right */
    const struct list *pairs;            /* struct pair, the query string decoded */
    const void *in_query;                /* a record of route->query */
    const void *in;                      /* a record of route->body */
    const char *idempotency_key;         /* of a change; NULL when there is none */
    struct json_object *kept;            /* the ids of a replayed answer; see req_kept_id() */

    void (*finish)(struct req *req); /* how an answer that comes later leaves; NULL: none may */
    bool later;                      /* the answer comes by reply_finish() */
    struct answer answer;
    enum err_code failed; /* what the answer is about, for the log */
};

/* A header of the request, "" when there is none. Behind nginx only those that it hands on. */
const char *req_header(const struct req *req, const char *name);

/* For a route's `again`: the `id` that the first answer had, in the object of this name, or at its
 * top when that is NULL. NULL when it had none. */
const char *req_kept_id(const struct req *req, const char *object);

#endif
