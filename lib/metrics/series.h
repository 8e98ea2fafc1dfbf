/* Inside lib/metrics: what a registry holds. */
#ifndef TG_METRICS_SERIES_H
#define TG_METRICS_SERIES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "metrics/metrics.h"

enum {
    BUCKETS_MANY = 4096,
    BUCKETS_FEW = 64 /* what one handler counts */
};

struct series {
    LIST_ENTRY(series) in_bucket;
    STAILQ_ENTRY(series) in_family;
    const struct metric *metric;
    const char *values[METRIC_LABELS_MAX];
    _Atomic double *cells; /* of a histogram: the sum, then counts, the last is beyond all bounds */
    _Atomic bool *shown;
};

struct family {
    TAILQ_ENTRY(family) link;
    const struct metric *metric;
    STAILQ_HEAD(, series) series;
};

struct metrics {
    struct arena arena; /* that it lives in itself */
    TAILQ_HEAD(, family) families;
    LIST_HEAD(bucket, series) * buckets;
    size_t bucket_count;
    size_t count, dropped;
    struct region *region; /* where the cells are; NULL: in the arena */
    int fd;                /* of the region; its lock is the slot */
};

struct metrics *metrics_make(size_t bucket_count);

static inline double
cell_get(const _Atomic double *cell)
{
    return atomic_load_explicit(cell, memory_order_relaxed);
}

/* There is one writer. */
static inline void
cell_set(_Atomic double *cell, double value)
{
    atomic_store_explicit(cell, value, memory_order_relaxed);
}

static inline size_t
cells_of(enum metric_type type, size_t bound_count)
{
    return type == METRIC_HISTOGRAM || type == METRIC_SUMMARY ? bound_count + 2 : 1;
}

/* Found or made; NULL when there is no room. */
struct series *series_of(struct metrics *metrics, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX]);

/* The family of this name, or NULL. */
const struct metric *series_metric(const struct metrics *metrics, const char *name);

#endif
