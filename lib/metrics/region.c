#include "metrics/region.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"

enum {
    TEXTS_MAX = 2 + 2 * METRIC_LABELS_MAX
};

/* -- a record ------------------------------------------------------------------------------ */

static size_t
bounds_offset(const struct record *record)
{
    return sizeof(*record) + cells_of(record->type, record->bound_count) * sizeof(double);
}

static const double *
bounds_at(const struct record *record)
{
    return (const void *)((const char *)record + bounds_offset(record));
}

/* The texts one after another. */
static const char *
texts_at(const struct record *record)
{
    return (const char *)(bounds_at(record) + record->bound_count);
}

static const char *
after(const char *text)
{
    return text + strlen(text) + 1;
}

/* A file is input like any other: sizes and texts are looked at before they are used. */
static bool
is_whole(const struct record *record, size_t left)
{
    if (left < sizeof(*record) || record->size > left || record->size % sizeof(uint64_t) != 0 ||
        record->type > METRIC_SUMMARY || record->label_count > METRIC_LABELS_MAX ||
        record->bound_count > BOUNDS_MAX)
        return false;
    const char *at = texts_at(record), *end = (const char *)record + record->size;
    for (size_t i = 0; i < 2U + 2U * record->label_count; i++) {
        const char *zero = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

        if (zero == NULL)
            return false;
        at = zero + 1;
    }
    return true;
}

/* NULL at the end of what is whole. */
static const struct record *
record_at(const struct region *region, size_t offset)
{
    uint64_t used = atomic_load_explicit(&region->used, memory_order_acquire);

    if (used > REGION_BYTES - sizeof(*region) || offset >= used)
        return NULL;
    const struct record *record = (const void *)(region->data + offset);
    return is_whole(record, used - offset) ? record : NULL;
}

/* -- writing ------------------------------------------------------------------------------- */

static size_t
list_texts(const struct metric *metric, const char *const values[METRIC_LABELS_MAX],
    const char *texts[TEXTS_MAX])
{
    size_t labels = 0, count = 2;

    while (labels < METRIC_LABELS_MAX && metric->labels[labels] != NULL)
        labels++;
    texts[0] = metric->name;
    texts[1] = metric->help;
    for (size_t i = 0; i < labels; i++)
        texts[count++] = metric->labels[i];
    for (size_t i = 0; i < labels; i++)
        texts[count++] = values[i];
    return count;
}

static bool
is_it(const struct record *record, const struct metric *metric, const char *const *texts,
    size_t count)
{
    const char *at = texts_at(record);

    if (record->type != metric->type || record->bound_count != metric->bound_count ||
        2U + 2U * record->label_count != count)
        return false;
    for (size_t i = 0; i < count; i++, at = after(at)) {
        if (!str_eq(at, texts[i]))
            return false;
    }
    return metric->bound_count == 0 ||
        memcmp(bounds_at(record), metric->bounds, metric->bound_count * sizeof(double)) == 0;
}

static struct record *
append(struct region *region, const struct metric *metric, const char *const *texts, size_t count)
{
    uint64_t used = atomic_load_explicit(&region->used, memory_order_relaxed);
    size_t cells = cells_of(metric->type, metric->bound_count) + metric->bound_count;
    size_t size = sizeof(struct record) + cells * sizeof(double);

    for (size_t i = 0; i < count; i++)
        size += strlen(texts[i]) + 1;
    size = (size + sizeof(uint64_t) - 1) / sizeof(uint64_t) * sizeof(uint64_t);
    assert(used < REGION_BYTES); /* region_open() has seen to it */
    if (sizeof(*region) + used + size > REGION_BYTES || metric->bound_count > BOUNDS_MAX)
        return NULL;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): it does not know the assertion */
    struct record *record = memset(region->data + used, 0, size);
    record->size = (uint32_t)size;
    record->type = (uint8_t)metric->type;
    record->label_count = (uint8_t)((count - 2) / 2);
    record->bound_count = (uint8_t)metric->bound_count;
    char *at = (char *)record + bounds_offset(record);
    if (metric->bound_count > 0)
        memcpy(at, metric->bounds, metric->bound_count * sizeof(double));
    at += metric->bound_count * sizeof(double);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, texts[i]) + 1;
    atomic_store_explicit(&region->used, used + size, memory_order_release);
    return record;
}

struct record *
region_series(
    struct region *region, const struct metric *metric, const char *const values[METRIC_LABELS_MAX])
{
    const char *texts[TEXTS_MAX];
    size_t count = list_texts(metric, values, texts);
    const struct record *record;

    for (size_t offset = 0; (record = record_at(region, offset)) != NULL; offset += record->size) {
        if (is_it(record, metric, texts, count))
            return (void *)(region->data + offset);
    }
    return append(region, metric, texts, count);
}

/* What is there, with gauges at 0; false when it is damaged. */
static bool
resume(struct region *region)
{
    const struct record *found;
    size_t offset = 0;

    for (; (found = record_at(region, offset)) != NULL; offset += found->size) {
        struct record *record = (void *)(region->data + offset);

        if (record->type != METRIC_GAUGE)
            continue;
        atomic_store_explicit(&record->shown, false, memory_order_relaxed);
        cell_set(&record->cells[0], 0);
    }
    return offset == atomic_load(&region->used);
}

void
region_open(struct region *region, uint32_t release)
{
    if (region->magic == REGION_MAGIC && region->release == release && resume(region))
        return;
    atomic_store(&region->used, 0);
    region->magic = REGION_MAGIC;
    region->release = release;
}

/* -- reading ------------------------------------------------------------------------------- */

/* The metric that a record is of: one that `sum` knows by its name, or a new one. */
static const struct metric *
metric_of(const struct record *record, struct metrics *sum)
{
    const char *at = texts_at(record);
    const struct metric *known = series_metric(sum, at);

    if (known != NULL)
        return known;
    struct metric *metric = arena_alloc(&sum->arena, sizeof(*metric));
    double *bounds = arena_alloc(&sum->arena, (record->bound_count + 1U) * sizeof(*bounds));
    if (record->bound_count > 0)
        memcpy(bounds, bounds_at(record), record->bound_count * sizeof(*bounds));
    *metric = (struct metric){
        .name = arena_strdup(&sum->arena, at),
        .help = arena_strdup(&sum->arena, after(at)),
        .type = record->type,
        .bounds = bounds,
        .bound_count = record->bound_count,
    };
    at = after(after(at));
    for (size_t i = 0; i < record->label_count; i++, at = after(at))
        metric->labels[i] = arena_strdup(&sum->arena, at);
    return metric;
}

static void
add(const struct record *record, struct metrics *sum)
{
    const struct metric *metric = metric_of(record, sum);
    const char *values[METRIC_LABELS_MAX] = {NULL}, *texts[TEXTS_MAX];
    const char *at = after(after(texts_at(record)));

    for (size_t i = 0; i < record->label_count; i++)
        at = after(at);
    for (size_t i = 0; i < record->label_count; i++, at = after(at))
        values[i] = at;
    if (!is_it(record, metric, texts, list_texts(metric, values, texts)))
        return; /* another program means something else by this name */
    struct series *series = series_of(sum, metric, values);
    for (size_t i = 0; series != NULL && i < cells_of(metric->type, metric->bound_count); i++)
        cell_set(&series->cells[i], cell_get(&series->cells[i]) + cell_get(&record->cells[i]));
    if (series != NULL)
        atomic_store(series->shown, true);
}

void
region_read(const struct region *region, bool alive, struct metrics *sum)
{
    const struct record *record;

    for (size_t offset = 0;
         region->magic == REGION_MAGIC && (record = record_at(region, offset)) != NULL;
         offset += record->size) {
        if (atomic_load_explicit(&record->shown, memory_order_relaxed) &&
            (alive || record->type != METRIC_GAUGE))
            add(record, sum);
    }
}
