#include "dispatcher/metrics.h"

#include "dispatcher/batch.h"

void
meters_sent(struct meters *meters, const char *node, const struct batch *batch, size_t dead)
{
    (void)node, (void)dead;
    meters->sent += (int64_t)batch->count;
}

void
meters_failed(struct meters *meters, const char *node, const struct batch *batch)
{
    (void)node;
    meters->failed += (int64_t)batch->count;
}

void
meters_fenced(struct meters *meters)
{
    meters->fenced++;
}

void
meters_taken_over(struct meters *meters)
{
    meters->taken_over++;
}

void
meters_sequenced(struct meters *meters, const char *role, int64_t count)
{
    (void)role;
    meters->sequenced += count;
}

void
meters_snapshot(struct meters *meters, const char *reason)
{
    (void)reason;
    meters->snapshots++;
}

void
meters_woken(struct meters *meters, const char *source)
{
    (void)source, (void)meters;
}

void
meters_revoked(struct meters *meters, usec_t took)
{
    (void)took;
    meters->revoked++;
}
