/* Inside lib/metrics: what a registry holds. */
#ifndef TG_METRICS_SERIES_H
#define TG_METRICS_SERIES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "metrics/metrics.h"

enum {
    SERIES_BUCKETS = 4096
};

struct series {
    LIST_ENTRY(series) in_bucket;
    STAILQ_ENTRY(series) in_family;
    const struct metric *metric;
    const char *values[METRIC_LABELS_MAX];
    double value;     /* of a histogram: the sum */
    uint64_t *counts; /* of a histogram: not cumulative, the last one is beyond all bounds */
    bool shown;
};

struct family {
    TAILQ_ENTRY(family) link;
    const struct metric *metric;
    STAILQ_HEAD(, series) series;
};

struct metrics {
    struct arena arena; /* that it lives in itself */
    TAILQ_HEAD(, family) families;
    LIST_HEAD(, series) buckets[SERIES_BUCKETS];
    size_t count, dropped;
};

#endif
