/*
 * Numbers for Prometheus: families are rows of a table, series appear when they are first used.
 *
 *     static const struct metric sent = {"tracegate_sent_total", "Events that nodes took",
 *         METRIC_COUNTER, .labels = {"node", "type"}};
 *
 *     metrics_add(metrics, &sent, 1, "t1", "UPSERT_USER");
 *     metrics_set(metrics, &depth, 17);
 *     metrics_observe(metrics, &took, 0.012, "xray");
 *     text = metrics_text(metrics, arena, &size);
 *
 * As many label values follow as the family has labels. Values are never secret: no id, name or
 * address of a person may be one. Counters only grow; where something else counts, metrics_set()
 * takes its total over. One thread.
 *
 * The workers of handlers count in files instead, one for each slot of each program in METRICS_DIR
 * (a tmpfs): a worker that dies leaves its counts there, the one that follows goes on with them,
 * and whoever is asked for metrics adds up all files. Gauges of the dead do not count. Counting
 * costs no system call.
 */
#ifndef TG_METRICS_METRICS_H
#define TG_METRICS_METRICS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum {
    METRIC_LABELS_MAX = 8,
    METRIC_SERIES_MAX = 200000 /* of a registry; what comes beyond is left out and counted */
};

enum metric_type {
    METRIC_COUNTER,
    METRIC_GAUGE,
    METRIC_HISTOGRAM,
    METRIC_SUMMARY /* sum and count alone */
};

struct metric {
    const char *name, *help;
    enum metric_type type;
    const char *labels[METRIC_LABELS_MAX]; /* up to the first NULL */
    const double *bounds;                  /* HISTOGRAM: ascending, without +Inf */
    size_t bound_count;
};

/* What a scrape is to be answered with as its Content-Type. */
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* In seconds, from a millisecond to a minute. */
extern const double metric_seconds[16];

struct metrics;

struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics); /* NULL is ignored; a file stays */

/* In a file of `folder`, which is made: in the first slot of `program` that no live process has.
 * What was counted there is kept while the release is the same. */
bool metrics_open(
    const char *folder, const char *program, struct metrics **metrics, struct err *err) MUST_CHECK;

/* Adds what all files of the folder hold to `sum`, a new registry. */
bool metrics_read(const char *folder, struct metrics *sum, struct err *err) MUST_CHECK;

/* The metric must live as long as the registry. Label values are copied; NULL is "". With a
 * registry that is NULL nothing happens. */
void metrics_add(struct metrics *metrics, const struct metric *metric, double by, ...);
void metrics_set(struct metrics *metrics, const struct metric *metric, double value, ...);
void metrics_observe(struct metrics *metrics, const struct metric *metric, double value, ...);

/* Series of the family are not shown until they are set again: for gauges whose labels come and
 * go. Their memory is kept for them. */
void metrics_clear(struct metrics *metrics, const struct metric *metric);

/* Series that did not fit. */
size_t metrics_dropped(const struct metrics *metrics);

/* Families in the order of their first use, series likewise. */
const char *metrics_text(const struct metrics *metrics, struct arena *arena, size_t *size);

#endif
