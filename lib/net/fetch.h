/*
 * Requests to other programs: libcurl's multi handle on libevent's loop, nothing waits.
 *
 *     struct arena arena = {0};
 *     const struct fetch_request request = {.method = "POST", .url = url, .body = body,
 *         .body_size = size, .headers = {{"x-agent-token", token}}};
 *
 *     node->fetch = fetch_start(fetcher, &arena, &request, on_answer, node);
 *
 * The arena in which the request was built moves into the fetch and ends with it, so that a body of
 * megabytes is never copied; the caller's arena is empty afterwards. The answer lives until the
 * callback returns. Each fetch calls back exactly once, never from within fetch_start(), unless it
 * is cancelled.
 *
 * HTTP/1.1 with keep-alive, no redirects, no proxy from the environment, http and https only.
 */
#ifndef TG_NET_FETCH_H
#define TG_NET_FETCH_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

struct event_base;
struct fetch;
struct fetcher;

enum {
    FETCH_HEADERS_MAX = 4
};

struct fetch_header {
    const char *name, *value; /* without control characters */
};

/* What every fetch of a fetcher shares. PEM files; "" or NULL is none. */
struct fetch_options {
    const char *cert, *key; /* shown to a server that asks */
    const char *ca;         /* in place of the system's */
    const char *user_agent;
    long per_host; /* connections at most, more requests wait; 0 is no limit */
};

struct fetch_request {
    const char *method, *url;
    struct fetch_header headers[FETCH_HEADERS_MAX];
    const char *body; /* application/json; NULL for none */
    size_t body_size;
    usec_t connect_timeout; /* 0 is 2 s */
    usec_t timeout;         /* of all; 0 is 20 s */
    size_t answer_max;      /* bytes of its body; 0 is 1 MiB */
};

enum fetch_end {
    FETCH_ANSWERED,    /* with whatever status */
    FETCH_UNREACHABLE, /* no connection, or it broke */
    FETCH_TIMEOUT,     /* connected, but not done in time */
    FETCH_TOO_LARGE,   /* the answer */
};

struct fetch_answer {
    enum fetch_end end;
    int status;
    const char *data; /* data[size] is 0 */
    size_t size;
    usec_t retry_after; /* 0: the answer does not say */
    usec_t took;
    struct err err; /* ERR_PEER_AWAY with the reason, unless FETCH_ANSWERED */
};

typedef void fetch_fn(void *state, const struct fetch_answer *answer);

/* The options must outlive the fetcher, which the caller owns. */
bool fetcher_open(struct event_base *base, const struct fetch_options *options,
    struct fetcher **fetcher, struct err *err) MUST_CHECK;

/* Cancels what is under way. NULL is ignored. */
void fetcher_free(struct fetcher *fetcher);

/* The fetch belongs to the fetcher; the pointer is good until the callback begins. */
struct fetch *fetch_start(struct fetcher *fetcher, struct arena *arena,
    const struct fetch_request *request, fetch_fn *done, void *state);

/* No callback will come. NULL is ignored. */
void fetch_cancel(struct fetch *fetch);

/* Under way now. */
size_t fetcher_busy(const struct fetcher *fetcher);

#endif
