#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "metrics/series.h"

enum {
    NUMBER_SIZE = 32
};

/* Backslash, line break and, in label values, the quote are escaped. */
static void
put_escaped(struct text *text, const char *value, const char *special)
{
    while (*value != '\0') {
        size_t plain = strcspn(value, special);

        text_add(text, value, plain);
        value += plain;
        if (*value == '\0')
            break;
        text_put(text, "\\");
        text_add(text, *value == '\n' ? "n" : value, 1);
        value++;
    }
}

static void
put_number(struct text *text, double number)
{
    char digits[NUMBER_SIZE];

    if (isnan(number))
        snprintf(digits, sizeof(digits), "NaN");
    else if (isinf(number))
        snprintf(digits, sizeof(digits), number > 0 ? "+Inf" : "-Inf");
    else if (number == trunc(number) && fabs(number) < 1e15)
        snprintf(digits, sizeof(digits), "%.0f", number);
    else
        snprintf(digits, sizeof(digits), "%.15g", number);
    text_put(text, digits);
}

static void
put_label(struct text *text, const char *name, const char *value, bool *first)
{
    text_put(text, *first ? "{" : ",");
    *first = false;
    text_put(text, name);
    text_put(text, "=\"");
    put_escaped(text, value, "\\\n\"");
    text_put(text, "\"");
}

/* `bound` is the value of le, or NULL. */
static void
put_line(struct text *text, const struct series *series, const char *suffix, const char *bound,
    double value)
{
    const struct metric *metric = series->metric;
    bool first = true;

    text_put(text, metric->name);
    text_put(text, suffix);
    for (size_t i = 0; i < METRIC_LABELS_MAX && metric->labels[i] != NULL; i++)
        put_label(text, metric->labels[i], series->values[i], &first);
    if (bound != NULL)
        put_label(text, "le", bound, &first);
    text_put(text, first ? " " : "} ");
    put_number(text, value);
    text_put(text, "\n");
}

static void
put_histogram(struct text *text, const struct series *series)
{
    const struct metric *metric = series->metric;
    bool buckets = metric->type == METRIC_HISTOGRAM;
    double count = 0;

    for (size_t i = 0; i <= metric->bound_count; i++) {
        char bound[NUMBER_SIZE] = "+Inf";

        if (i < metric->bound_count)
            snprintf(bound, sizeof(bound), "%g", metric->bounds[i]);
        count += cell_get(&series->cells[1 + i]);
        if (buckets)
            put_line(text, series, "_bucket", bound, count);
    }
    put_line(text, series, "_sum", NULL, cell_get(&series->cells[0]));
    put_line(text, series, "_count", NULL, count);
}

static void
put_head(struct text *text, const struct metric *metric)
{
    static const char *const types[] = {[METRIC_COUNTER] = "counter",
        [METRIC_GAUGE] = "gauge",
        [METRIC_HISTOGRAM] = "histogram",
        [METRIC_SUMMARY] = "summary"};

    text_put(text, "# HELP ");
    text_put(text, metric->name);
    text_put(text, " ");
    put_escaped(text, metric->help, "\\\n");
    text_put(text, "\n# TYPE ");
    text_put(text, metric->name);
    text_put(text, " ");
    text_put(text, types[metric->type]);
    text_put(text, "\n");
}

static void
put_family(struct text *text, const struct family *family)
{
    const struct series *series;
    bool head = false;

    STAILQ_FOREACH(series, &family->series, in_family)
    {
        if (!atomic_load_explicit(series->shown, memory_order_relaxed))
            continue;
        if (!head)
            put_head(text, family->metric);
        head = true;
        if (cells_of(family->metric->type, 0) > 1)
            put_histogram(text, series);
        else
            put_line(text, series, "", NULL, cell_get(&series->cells[0]));
    }
}

const char *
metrics_text(const struct metrics *metrics, struct arena *arena, size_t *size)
{
    struct text text = {.arena = arena};
    const struct family *family;

    text_put(&text, "");
    TAILQ_FOREACH(family, &metrics->families, link)
    {
        put_family(&text, family);
    }
    *size = text.size;
    return text.data;
}
