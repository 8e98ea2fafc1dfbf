/*
 * A small HTTP server that stands for another program, on the test's own event loop.
 *
 *     struct peer peer;
 *
 *     peer_open(&peer, base, 0, serve, &state);
 *     ... peer.url is "http://127.0.0.1:PORT"
 *     wait_until(base, condition, &state)
 *
 * A test never sleeps: it runs the loop until something has happened, and fails after a deadline
 * that is far beyond any real duration.
 */
#ifndef TG_TEST_PEER_H
#define TG_TEST_PEER_H

#include <event2/http.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct event_base;

typedef void peer_fn(void *state, struct evhttp_request *request);

struct peer {
    peer_fn *serve;
    void *state;
    struct evhttp *http;
    struct evhttp_bound_socket *socket;
    int port;
    char url[64];
};

/* Port 0: the kernel chooses one; another: that port again. */
void peer_open(struct peer *peer, struct event_base *base, int port, peer_fn *serve, void *state);
void peer_close(struct peer *peer); /* with all its connections */

void peer_answer(struct evhttp_request *request, int status, const char *json);

/* The request's body, in the arena. */
const char *peer_body(struct evhttp_request *request, struct arena *arena, size_t *size);

/* Run the loop until `done` says so; false (and a failed check) after 20 seconds. */
bool wait_until(struct event_base *base, bool (*done)(void *state), void *state);

#endif
