/*
 * The connections that nginx has to a handler's socket. It keeps them from one request to the next,
 * and all workers of the process share them: whoever is free takes one that has something to read,
 * so that a kept connection holds no worker.
 *
 * A connection that gate_next() gave is the caller's until gate_keep() or gate_forget().
 */
#ifndef TG_HTTP_GATE_H
#define TG_HTTP_GATE_H

#include <stdatomic.h>

#include "base/err.h"

struct gate {
    int listener; /* not ours */
    int epoll, closed;
    atomic_size_t open; /* connections */
    atomic_bool draining;
};

/* All functions but these two may be called by any thread. */
bool gate_open(struct gate *gate, int listener, struct err *err) MUST_CHECK;
void gate_free(struct gate *gate);

/* Blocks until a connection has something to read; -1 once all is drained. One that nginx has
 * closed is dropped with the request that it may have brought: the client has left, or was told
 * 504. */
int gate_next(struct gate *gate);

/* The request is answered, the other end may send another. */
void gate_keep(struct gate *gate, int fd);

/* It is closed. */
void gate_forget(struct gate *gate);

/* No connection should be kept any more: close it after the answer. */
bool gate_draining(const struct gate *gate);

/* Ends gate_next() for all, in two steps of 1.5 s at most. First those connections end that nginx
 * keeps without use: it closes them after keepalive_timeout, 1 s; closed here, one could hold a
 * request that is just being sent. New ones are taken until then. Then nobody can connect any more,
 * and who has is answered. */
void gate_drain(struct gate *gate);

#endif
