/*
 * How all active nodes stand, held by us or by another dispatcher: read from the database now and
 * then, and made exact for those that we hold. For the gauges, and for revocations: the time from a
 * change that takes access away to the moment when every active node's component has passed it.
 */
#ifndef TG_DISPATCHER_STANDING_H
#define TG_DISPATCHER_STANDING_H

#include "dispatcher/node.h"

struct standing_node {
    const struct node_standing *row;
    struct converged converged;
    int64_t acked_gen;
};

struct standing {
    struct arena arena;
    struct standing_node *nodes;
    size_t count;
    usec_t read_at;
};

bool standing_read(struct dispatcher *dispatcher, struct err *err) MUST_CHECK;

/* What we know better. */
void standing_update(struct dispatcher *dispatcher);

/* Whether all active nodes of the stream have passed gen with this component. */
bool
standing_passed(const struct standing *standing, int64_t stream_id, size_t component, int64_t gen);

/* As far as every active node of the stream is with everything; `gen` when there is none. */
int64_t standing_floor(const struct standing *standing, int64_t stream_id, int64_t gen);

enum {
    REVOCATIONS_MAX = 1024
};

/* Those of one stream that are not passed, oldest first. More wait in the log. */
struct revocations {
    bool started;
    int64_t loaded_gen;
    size_t count;
    struct open_revocation {
        int64_t gen;
        size_t component;
        usec_t changed_at; /* on the monotonic clock */
    } open[REVOCATIONS_MAX];
};

/* The age of the oldest; 0: there is none. */
usec_t revocations_open(const struct dispatcher *dispatcher);

#endif
