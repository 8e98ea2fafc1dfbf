#include "metrics/metrics.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>

#include "base/fs.h"
#include "base/str.h"
#include "metrics/region.h"

const double metric_seconds[16] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60};

struct metrics *
metrics_make(size_t bucket_count)
{
    struct arena arena = {0};
    struct metrics *metrics = arena_alloc(&arena, sizeof(*metrics));

    metrics->buckets = arena_alloc(&arena, bucket_count * sizeof(*metrics->buckets));
    metrics->bucket_count = bucket_count;
    metrics->arena = arena;
    metrics->fd = -1;
    TAILQ_INIT(&metrics->families);
    return metrics;
}

struct metrics *
metrics_new(void)
{
    return metrics_make(BUCKETS_MANY);
}

void
metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    struct arena arena = metrics->arena; /* it lives in there itself */
    if (metrics->region != NULL)
        munmap(metrics->region, REGION_BYTES);
    fs_close(&metrics->fd);
    arena_reset(&arena);
}

/* -- families and series ------------------------------------------------------------------- */

static struct family *
find_family(struct metrics *metrics, const struct metric *metric)
{
    struct family *family;

    TAILQ_FOREACH(family, &metrics->families, link)
    {
        if (family->metric == metric)
            return family;
    }
    family = arena_alloc(&metrics->arena, sizeof(*family));
    family->metric = metric;
    STAILQ_INIT(&family->series);
    TAILQ_INSERT_TAIL(&metrics->families, family, link);
    return family;
}

static uint64_t
hash_of(const struct metric *metric, const char *const values[METRIC_LABELS_MAX])
{
    uint64_t hash = 14695981039346656037u ^ (uint64_t)(uintptr_t)metric;

    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++) {
        for (const char *at = values[i];; at++) {
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
            if (*at == '\0')
                break;
        }
    }
    return hash;
}

static bool
is_series(const struct series *series, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX])
{
    if (series->metric != metric)
        return false;
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++) {
        if (!str_eq(series->values[i], values[i]))
            return false;
    }
    return true;
}

/* In the arena, or in the file, which may be full. */
static bool
make_cells(struct metrics *metrics, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX], struct series *series)
{
    size_t count = cells_of(metric->type, metric->bound_count);
    struct record *record;

    if (metrics->region == NULL) {
        series->cells = arena_alloc(&metrics->arena, count * sizeof(*series->cells));
        series->shown = arena_alloc(&metrics->arena, sizeof(*series->shown));
        return true;
    }
    record = region_series(metrics->region, metric, values);
    if (record == NULL)
        return false;
    series->cells = record->cells;
    series->shown = &record->shown;
    return true;
}

static struct series *
make_series(struct metrics *metrics, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX], uint64_t hash)
{
    struct series made = {.metric = metric}, *series;

    if (!make_cells(metrics, metric, values, &made))
        return NULL;
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++)
        made.values[i] = arena_strdup(&metrics->arena, values[i]);
    series = arena_alloc(&metrics->arena, sizeof(*series));
    *series = made;
    STAILQ_INSERT_TAIL(&find_family(metrics, metric)->series, series, in_family);
    LIST_INSERT_HEAD(&metrics->buckets[hash % metrics->bucket_count], series, in_bucket);
    metrics->count++;
    return series;
}

struct series *
series_of(struct metrics *metrics, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX])
{
    uint64_t hash = hash_of(metric, values);
    struct series *series;

    LIST_FOREACH(series, &metrics->buckets[hash % metrics->bucket_count], in_bucket)
    {
        if (is_series(series, metric, values))
            return series;
    }
    series = metrics->count < METRIC_SERIES_MAX ? make_series(metrics, metric, values, hash) : NULL;
    metrics->dropped += series == NULL;
    return series;
}

const struct metric *
series_metric(const struct metrics *metrics, const char *name)
{
    const struct family *family;

    TAILQ_FOREACH(family, &metrics->families, link)
    {
        if (str_eq(family->metric->name, name))
            return family->metric;
    }
    return NULL;
}

/* The label values are the rest of the caller's arguments. */
static struct series *
find_series(struct metrics *metrics, const struct metric *metric, va_list ap)
{
    const char *values[METRIC_LABELS_MAX] = {NULL};

    if (metrics == NULL)
        return NULL;
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++) {
        const char *value = va_arg(ap, const char *);
        values[i] = value == NULL ? "" : value;
    }
    struct series *series = series_of(metrics, metric, values);
    if (series != NULL)
        atomic_store_explicit(series->shown, true, memory_order_relaxed);
    return series;
}

/* -- values -------------------------------------------------------------------------------- */

void
metrics_add(struct metrics *metrics, const struct metric *metric, double by, ...)
{
    va_list ap;

    assert(metric->type == METRIC_GAUGE || (metric->type == METRIC_COUNTER && by >= 0));
    va_start(ap, by);
    struct series *series = find_series(metrics, metric, ap);
    va_end(ap);
    if (series != NULL)
        cell_set(&series->cells[0], cell_get(&series->cells[0]) + by);
}

void
metrics_set(struct metrics *metrics, const struct metric *metric, double value, ...)
{
    va_list ap;

    assert(metric->type == METRIC_GAUGE || metric->type == METRIC_COUNTER);
    va_start(ap, value);
    struct series *series = find_series(metrics, metric, ap);
    va_end(ap);
    if (series != NULL)
        cell_set(&series->cells[0], value);
}

void
metrics_observe(struct metrics *metrics, const struct metric *metric, double value, ...)
{
    va_list ap;
    size_t bucket = 0;

    assert(metric->type == METRIC_HISTOGRAM || metric->type == METRIC_SUMMARY);
    va_start(ap, value);
    struct series *series = find_series(metrics, metric, ap);
    va_end(ap);
    if (series == NULL)
        return;
    while (bucket < metric->bound_count && value > metric->bounds[bucket])
        bucket++;
    cell_set(&series->cells[1 + bucket], cell_get(&series->cells[1 + bucket]) + 1);
    cell_set(&series->cells[0], cell_get(&series->cells[0]) + value);
}

void
metrics_clear(struct metrics *metrics, const struct metric *metric)
{
    struct series *series;

    if (metrics == NULL)
        return;
    STAILQ_FOREACH(series, &find_family(metrics, metric)->series, in_family)
    {
        atomic_store_explicit(series->shown, false, memory_order_relaxed);
    }
}

size_t
metrics_dropped(const struct metrics *metrics)
{
    return metrics->dropped;
}
