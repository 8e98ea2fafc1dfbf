/* A peer for net/h2 that speaks just enough HTTP/2 to lie: it counts requests and writes raw
 * frames. */
#ifndef TG_TEST_H2_PEER_H
#define TG_TEST_H2_PEER_H

#include <event2/bufferevent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct event_base;
struct evconnlistener;
struct peer;
typedef void (*peer_fn)(struct peer *peer, uint32_t stream); /* a whole request has come */

struct peer {
    struct evconnlistener *listener;
    struct bufferevent *bev;
    peer_fn answer;
    size_t preface; /* bytes of it still to come */
    size_t requests, connections;
};

enum {
    FRAME_DATA = 0,
    FRAME_HEADERS = 1,
    FRAME_RST = 3,
    FRAME_SETTINGS = 4,
    FRAME_GOAWAY = 7,
    END_STREAM = 1,
    END_HEADERS = 4
};

/* On an abstract socket: `name` begins with '@'. */
bool peer_listen(
    struct peer *peer, struct event_base *base, const char *name, peer_fn answer) MUST_CHECK;
void peer_free(struct peer *peer);

void peer_frame(
    struct peer *peer, uint8_t type, uint8_t flags, uint32_t stream, const void *data, size_t size);

/* name, value, name, value, …, NULL; each shorter than 127 bytes. */
void peer_headers(struct peer *peer, uint8_t flags, uint32_t stream, const char *const *pairs);

void peer_hang_up(struct peer *peer);

#endif
