/*
 * One gRPC call of an h2 connection: what is to be sent, and what has come back so far. Slots are
 * used again and again, so a connection allocates only as many as it ever had calls at once.
 */
#ifndef TG_NET_H2_SLOT_H
#define TG_NET_H2_SLOT_H

#include <sys/queue.h>

#include "base/arena.h"
#include "net/h2.h"

struct evbuffer;
struct event;

enum {
    H2_MESSAGE_SIZE = 512
};

struct h2_slot {
    TAILQ_ENTRY(h2_slot) entry; /* of the free, the waiting or the running ones */
    struct h2_slot *made;       /* the one made before this */
    struct h2 *h2;
    struct h2_call call;
    int32_t stream; /* 0 while it waits */
    struct evbuffer *out, *in;
    struct event *timer;
    int http_status; /* 0 before it has come */
    int grpc_status; /* -1 before it has come */
    bool spoilt;     /* a header that cannot be read */
    char message[H2_MESSAGE_SIZE];
};

TAILQ_HEAD(h2_slots, h2_slot);

/* Ready for a call: the request is the call's body behind its prefix. */
void h2_slot_fill(struct h2_slot *slot, const struct h2_call *call);

void h2_slot_header(struct h2_slot *slot, const char *name, const char *value);

/* False when the answer is larger than allowed. */
bool h2_slot_data(struct h2_slot *slot, const uint8_t *data, size_t size) MUST_CHECK;

/* Hand what came back to the caller. `code` is HTTP/2's reason for the stream's end. */
void h2_slot_finish(struct h2_slot *slot, uint32_t code);

/* Tell the caller that nothing came back. */
void h2_slot_fail(struct h2_slot *slot, int status, const char *why);

#endif
