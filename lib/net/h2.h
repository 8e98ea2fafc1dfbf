/*
 * Unary gRPC calls over one cleartext HTTP/2 connection, on the event loop: a socket's path,
 * "@abstract" or "address:port". Up to H2_IN_FLIGHT calls run at once, more wait their turn, each
 * has its own deadline, which counts from h2_call().
 *
 *     h2 = h2_new(base, "/run/x/api.sock", &(struct h2_owner){up, down, self});
 *     h2_connect(h2, &err);      then up(self), or down(self, why) when it could not
 *     h2_call(h2, &(struct h2_call){path, body, size, 3000, done, self}, &err);
 *
 * When the connection ends, each call is answered with GRPC_UNAVAILABLE and then down() is called;
 * connecting again is the owner's business. All callbacks come from the loop, never from inside
 * these functions. In a callback everything is allowed but h2_free().
 */
#ifndef TG_NET_H2_H
#define TG_NET_H2_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct event_base;
struct h2;

enum {
    H2_IN_FLIGHT = 64,
    H2_ANSWER_MAX = 32 * 1024 * 1024 /* bytes: some 300,000 users of Xray */
};

/* As gRPC numbers them; a peer may send others. */
enum grpc_status {
    GRPC_OK = 0,
    GRPC_UNKNOWN = 2,
    GRPC_DEADLINE = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_EXHAUSTED = 8,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13, /* the peer does not speak gRPC as it should */
    GRPC_UNAVAILABLE = 14
};

/* Lives during the callback. */
struct h2_answer {
    int status;
    const char *message; /* "" unless the status is an error; cut at 511 bytes */
    const uint8_t *data; /* the message itself, without its prefix */
    size_t size;
};

struct h2_call {
    const char *path; /* "/service/method"; must live until the answer */
    const void *body; /* copied */
    size_t size;
    int64_t timeout_ms;
    void (*done)(void *arg, const struct h2_answer *answer);
    void *arg;
};

struct h2_owner {
    void (*up)(void *owner);
    void (*down)(void *owner, const char *why);
    void *owner;
};

/* Ends with h2_free(), which answers nothing any more. NULL is an address that is none. */
struct h2 *h2_new(struct event_base *base, const char *server, const struct h2_owner *owner);
void h2_free(struct h2 *h2);

/* Only while there is no connection. ERR_PEER_AWAY when it cannot even be begun. */
bool h2_connect(struct h2 *h2, struct err *err) MUST_CHECK;

/* Give the connection up, soon; down() follows. Nothing happens when there is none. */
void h2_drop(struct h2 *h2, const char *why);

/* The process that listens at the other end of a unix socket; 0: not known. */
int h2_peer(const struct h2 *h2);

/* ERR_PEER_AWAY when there is no connection, nor one being made. */
bool h2_call(struct h2 *h2, const struct h2_call *call, struct err *err) MUST_CHECK;

#endif
