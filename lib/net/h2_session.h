/*
 * The inside of an h2 connection: its calls and the HTTP/2 session that carries them. Only net/h2.c
 * includes this; it owns the socket and calls h2_session_* between reads and writes.
 */
#ifndef TG_NET_H2_SESSION_H
#define TG_NET_H2_SESSION_H

#include <nghttp2/nghttp2.h>
#include <sys/socket.h>

#include "net/h2_slot.h"

enum {
    H2_READ_SIZE = 64 * 1024,
    H2_WHY_SIZE = 128
};

enum h2_state {
    H2_IDLE,
    H2_CONNECTING,
    H2_UP
};

struct h2 {
    struct arena arena; /* holds this very object, and the slots */
    struct event_base *base;
    struct h2_owner owner;
    struct sockaddr_storage address;
    socklen_t address_size;
    enum h2_state state;
    int fd;
    struct event *readable, *writable;
    struct event *turn; /* made active by whatever leaves something to be sent, or an end */
    struct evbuffer *out;
    nghttp2_session *session;
    struct h2_slots free, waiting, running;
    struct h2_slot *made;
    size_t in_flight;
    bool dropping; /* the connection is over; h2.c ends it at its next turn */
    char why[H2_WHY_SIZE];
    uint8_t input[H2_READ_SIZE];
};

bool h2_session_open(struct h2 *h2) MUST_CHECK;

/* Start what waits, as far as there is room. */
void h2_session_start(struct h2 *h2);

/* End the session and answer every call with GRPC_UNAVAILABLE. */
void h2_session_close(struct h2 *h2, const char *why);

#endif
