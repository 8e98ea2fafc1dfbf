/* What the dispatcher counts and shows (grafana.md 6). Labels are names of nodes, roles,
 * components and event types: nothing of a person. */
#ifndef TG_DISPATCHER_METRICS_H
#define TG_DISPATCHER_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "metrics/metrics.h"

struct batch;
struct dispatcher;

struct meters {
    struct metrics *metrics;
    int64_t inflight; /* batches */
    bool many_nodes;  /* too many for a histogram of each */
};

/* The whole batch was taken. */
void meters_sent(struct meters *meters, const char *node, const struct batch *batch);
void meters_failed(struct meters *meters, const char *node, const struct batch *batch);
void meters_dead(struct meters *meters, const char *node, int64_t count);

void meters_fenced(struct meters *meters);
void meters_taken_over(struct meters *meters);
void meters_sequenced(struct meters *meters, const char *role, int64_t count);
void meters_waiting(struct meters *meters, const char *role, int64_t count);
void meters_snapshot(struct meters *meters, const char *reason);
void meters_woken(struct meters *meters, const char *source);
void meters_revoked(struct meters *meters, usec_t took);

/* All of it, with the gauges as they are now. */
const char *meters_text(struct dispatcher *dispatcher, struct arena *arena, size_t *size);

#endif
