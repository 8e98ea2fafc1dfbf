#include "metrics/metrics.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/queue.h>

#include "base/str.h"
#include "metrics/series.h"

const double metric_seconds[16] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60};

struct metrics *
metrics_new(void)
{
    struct arena arena = {0};
    struct metrics *metrics = arena_alloc(&arena, sizeof(*metrics));

    metrics->arena = arena;
    TAILQ_INIT(&metrics->families);
    return metrics;
}

void
metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    struct arena arena = metrics->arena; /* it lives in there itself */
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

static struct series *
make_series(struct metrics *metrics, const struct metric *metric,
    const char *const values[METRIC_LABELS_MAX], uint64_t hash)
{
    struct family *family = find_family(metrics, metric);
    struct series *series = arena_alloc(&metrics->arena, sizeof(*series));

    series->metric = metric;
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++)
        series->values[i] = arena_strdup(&metrics->arena, values[i]);
    if (metric->type == METRIC_HISTOGRAM)
        series->counts =
            arena_alloc(&metrics->arena, (metric->bound_count + 1) * sizeof(*series->counts));
    STAILQ_INSERT_TAIL(&family->series, series, in_family);
    LIST_INSERT_HEAD(&metrics->buckets[hash % SERIES_BUCKETS], series, in_bucket);
    metrics->count++;
    return series;
}

/* NULL when there is no room. The label values are the rest of the caller's arguments. */
static struct series *
find_series(struct metrics *metrics, const struct metric *metric, va_list ap)
{
    const char *values[METRIC_LABELS_MAX] = {NULL};
    struct series *series;

    if (metrics == NULL)
        return NULL;
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++) {
        const char *value = va_arg(ap, const char *);
        values[i] = value == NULL ? "" : value;
    }
    uint64_t hash = hash_of(metric, values);
    LIST_FOREACH(series, &metrics->buckets[hash % SERIES_BUCKETS], in_bucket)
    {
        if (is_series(series, metric, values))
            return series;
    }
    if (metrics->count < METRIC_SERIES_MAX)
        return make_series(metrics, metric, values, hash);
    metrics->dropped++;
    return NULL;
}

/* -- values -------------------------------------------------------------------------------- */

void
metrics_add(struct metrics *metrics, const struct metric *metric, double by, ...)
{
    va_list ap;

    assert(metric->type != METRIC_HISTOGRAM && (metric->type == METRIC_GAUGE || by >= 0));
    va_start(ap, by);
    struct series *series = find_series(metrics, metric, ap);
    va_end(ap);
    if (series == NULL)
        return;
    series->value += by;
    series->shown = true;
}

void
metrics_set(struct metrics *metrics, const struct metric *metric, double value, ...)
{
    va_list ap;

    assert(metric->type != METRIC_HISTOGRAM);
    va_start(ap, value);
    struct series *series = find_series(metrics, metric, ap);
    va_end(ap);
    if (series == NULL)
        return;
    series->value = value;
    series->shown = true;
}

void
metrics_observe(struct metrics *metrics, const struct metric *metric, double value, ...)
{
    va_list ap;
    size_t bucket = 0;

    assert(metric->type == METRIC_HISTOGRAM);
    va_start(ap, value);
    struct series *series = find_series(metrics, metric, ap);
    va_end(ap);
    if (series == NULL)
        return;
    while (bucket < metric->bound_count && value > metric->bounds[bucket])
        bucket++;
    series->counts[bucket]++;
    series->value += value;
    series->shown = true;
}

void
metrics_clear(struct metrics *metrics, const struct metric *metric)
{
    struct series *series;

    if (metrics == NULL)
        return;
    STAILQ_FOREACH(series, &find_family(metrics, metric)->series, in_family)
    {
        series->shown = false;
    }
}

size_t
metrics_dropped(const struct metrics *metrics)
{
    return metrics->dropped;
}
