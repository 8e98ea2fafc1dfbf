#include "harness/peer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/time.h"
#include "harness/check.h"

#define DEADLINE (20 * USEC_SEC)

enum {
    BODY_MAX = 16 << 20
};

static int
port_of(struct evhttp_bound_socket *socket)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);

    getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

static void
on_request(struct evhttp_request *request, void *object)
{
    struct peer *peer = object;

    peer->serve(peer->state, request);
}

void
peer_open(struct peer *peer, struct event_base *base, int port, peer_fn *serve, void *state)
{
    *peer = (struct peer){.serve = serve, .state = state, .http = evhttp_new(base)};
    evhttp_set_max_body_size(peer->http, BODY_MAX);
    evhttp_set_gencb(peer->http, on_request, peer);
    peer->socket = evhttp_bind_socket_with_handle(peer->http, "127.0.0.1", (uint16_t)port);
    assert(peer->socket != NULL);
    peer->port = port_of(peer->socket);
    snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%d", peer->port);
}

void
peer_close(struct peer *peer)
{
    if (peer->http != NULL)
        evhttp_free(peer->http);
    peer->http = NULL;
}

void
peer_answer(struct evhttp_request *request, int status, const char *json)
{
    struct evbuffer *body = evbuffer_new();

    evhttp_add_header(
        evhttp_request_get_output_headers(request), "Content-Type", "application/json");
    evbuffer_add_printf(body, "%s", json);
    evhttp_send_reply(request, status, "Answer", body);
    evbuffer_free(body);
}

const char *
peer_body(struct evhttp_request *request, struct arena *arena, size_t *size)
{
    struct evbuffer *body = evhttp_request_get_input_buffer(request);

    *size = evbuffer_get_length(body);
    char *data = arena_alloc(arena, *size + 1);
    evbuffer_copyout(body, data, *size);
    return data;
}

static void
wake(evutil_socket_t unused_fd, short unused_events, void *unused)
{
    (void)unused_fd, (void)unused_events, (void)unused;
}

bool
wait_until(struct event_base *base, bool (*done)(void *state), void *state)
{
    static const struct timeval tick = {0, 2000};
    usec_t deadline = time_monotonic() + DEADLINE;
    struct event *ticker = event_new(base, -1, EV_PERSIST, wake, NULL);

    event_add(ticker, &tick);
    while (!done(state) && time_monotonic() < deadline)
        event_base_loop(base, EVLOOP_ONCE);
    event_free(ticker);
    return CHECK(done(state));
}
