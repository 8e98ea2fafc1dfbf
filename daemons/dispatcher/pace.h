/*
 * How fast a node may be written to: batch size, backoff and breaker (delivery.md 6). Pure: it
 * keeps no clock and draws its random numbers from the caller.
 *
 *     wait = pace_note(&node->pace, PACE_FAILED, 0, jitter);
 *
 * The breaker opens after 5 failures in a row, or when half of the last 20 attempts failed. While
 * it is open the node is only looked at (GET /v1/state), every 2 to 5 s, or 10 to 20 s after it has
 * not answered in time; a good look half-opens it, then 32 events may go, and each clean batch
 * doubles that up to the limit.
 */
#ifndef TG_DISPATCHER_PACE_H
#define TG_DISPATCHER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

enum breaker {
    BREAKER_CLOSED,
    BREAKER_HALF_OPEN,
    BREAKER_OPEN
};

extern const char *const breaker_names[];

/* The state of this name; closed for one that is not known. */
enum breaker breaker_find(const char *name);

enum pace_event {
    PACE_LOOKED,    /* a state was answered */
    PACE_DELIVERED, /* a batch, or a part of a snapshot, was taken */
    PACE_FAILED,    /* refused, broken off or not reached */
    PACE_TIMED_OUT, /* reached, but not answered in time: perhaps too much at once */
    PACE_EVENTS
};

enum {
    BATCH_FIRST = 32,
    BATCH_LIMIT = 512
};

struct pace {
    int breaker;        /* enum breaker */
    int64_t fails;      /* in a row */
    int64_t batch_size; /* events */
    int64_t batch_limit;
    uint32_t history; /* the last attempts, newest in bit 0; 1: failed */
    int attempts;     /* known in history */
};

typedef usec_t draw_fn(usec_t limit); /* from [0, limit) */

/* How long the node must now be left alone; 0 after a success. `retry_after` is what the node
 * asked for, or 0. */
usec_t pace_note(struct pace *pace, enum pace_event event, usec_t retry_after, draw_fn *draw);

/* Half of the events that were too many. */
void pace_halve(struct pace *pace, int64_t events);

#endif
