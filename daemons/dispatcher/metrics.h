/* What the dispatcher counts (grafana.md 6). */
#ifndef TG_DISPATCHER_METRICS_H
#define TG_DISPATCHER_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

struct batch;

struct meters {
    int64_t inflight;
    int64_t fenced, taken_over, sequenced, snapshots, sent, failed;
    int64_t revoked;
};

void meters_sent(struct meters *meters, const char *node, const struct batch *batch, size_t dead);
void meters_failed(struct meters *meters, const char *node, const struct batch *batch);
void meters_fenced(struct meters *meters);
void meters_taken_over(struct meters *meters);
void meters_sequenced(struct meters *meters, const char *role, int64_t count);
void meters_snapshot(struct meters *meters, const char *reason);
void meters_woken(struct meters *meters, const char *source);
void meters_revoked(struct meters *meters, usec_t took);

#endif
