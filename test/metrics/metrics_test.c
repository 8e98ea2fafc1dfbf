#include "metrics/metrics.h"

#include <math.h>
#include <string.h>

#include "harness/check.h"

static const struct metric sent = {
    "sent_total", "Events\nthat \\nodes took", METRIC_COUNTER, .labels = {"node", "type"}};
static const struct metric depth = {"depth", "Now waiting", METRIC_GAUGE};
static const struct metric heat = {"heat", "By place", METRIC_GAUGE, .labels = {"place"}};
static const double bounds[] = {0.5, 1, 2.5};
static const struct metric took = {"took_seconds", "How long it took", METRIC_HISTOGRAM,
    .labels = {"of"}, .bounds = bounds, .bound_count = COUNT(bounds)};

static void
check_text(const char *place, const struct metrics *metrics, const char *want)
{
    struct arena arena = {0};
    size_t size;
    const char *have = metrics_text(metrics, &arena, &size);

    check_str(place, want, have);
    check_int(place, (long long)strlen(have), (long long)size);
    arena_reset(&arena);
}

static void
test_counters_and_gauges(void)
{
    struct metrics *metrics = metrics_new();

    check_text("empty", metrics, "");
    metrics_add(metrics, &sent, 1, "t1", "A");
    metrics_add(metrics, &sent, 2, "t1", "B");
    metrics_add(metrics, &sent, 41, "t1", "A");
    metrics_set(metrics, &depth, 1.25);
    check_text("all", metrics,
        "# HELP sent_total Events\\nthat \\\\nodes took\n# TYPE sent_total counter\n"
        "sent_total{node=\"t1\",type=\"A\"} 42\nsent_total{node=\"t1\",type=\"B\"} 2\n"
        "# HELP depth Now waiting\n# TYPE depth gauge\ndepth 1.25\n");
    metrics_free(metrics);
}

static void
test_label_values_are_escaped(void)
{
    struct metrics *metrics = metrics_new();

    metrics_set(metrics, &heat, -1, "a \"b\"\n\\");
    metrics_set(metrics, &heat, 3, NULL);
    check_text("escaped", metrics,
        "# HELP heat By place\n# TYPE heat gauge\nheat{place=\"a \\\"b\\\"\\n\\\\\"} -1\n"
        "heat{place=\"\"} 3\n");
    metrics_free(metrics);
}

static void
test_what_was_cleared_comes_back_when_it_is_set(void)
{
    struct metrics *metrics = metrics_new();

    metrics_set(metrics, &heat, 1, "a");
    metrics_set(metrics, &heat, 2, "b");
    metrics_clear(metrics, &heat);
    check_text("none", metrics, "");
    metrics_set(metrics, &heat, 5, "b");
    check_text("b", metrics, "# HELP heat By place\n# TYPE heat gauge\nheat{place=\"b\"} 5\n");
    metrics_free(metrics);
}

static void
test_a_histogram_counts_up_to_each_bound(void)
{
    struct metrics *metrics = metrics_new();

    metrics_observe(metrics, &took, 0.5, "x");
    metrics_observe(metrics, &took, 0.75, "x");
    metrics_observe(metrics, &took, 100, "x");
    check_text("histogram", metrics,
        "# HELP took_seconds How long it took\n# TYPE took_seconds histogram\n"
        "took_seconds_bucket{of=\"x\",le=\"0.5\"} 1\ntook_seconds_bucket{of=\"x\",le=\"1\"} 2\n"
        "took_seconds_bucket{of=\"x\",le=\"2.5\"} 2\ntook_seconds_bucket{of=\"x\",le=\"+Inf\"} 3\n"
        "took_seconds_sum{of=\"x\"} 101.25\ntook_seconds_count{of=\"x\"} 3\n");
    metrics_free(metrics);
}

static void
test_numbers_that_are_not_plain(void)
{
    struct metrics *metrics = metrics_new();

    metrics_set(metrics, &heat, NAN, "nan");
    metrics_set(metrics, &heat, INFINITY, "inf");
    metrics_set(metrics, &heat, 1e300, "big");
    metrics_set(metrics, &heat, 123456789012345.0, "exact");
    check_text("numbers", metrics,
        "# HELP heat By place\n# TYPE heat gauge\nheat{place=\"nan\"} NaN\n"
        "heat{place=\"inf\"} +Inf\nheat{place=\"big\"} 1e+300\n"
        "heat{place=\"exact\"} 123456789012345\n");
    metrics_free(metrics);
}

static void
test_no_registry_is_fine(void)
{
    metrics_add(NULL, &depth, 1);
    metrics_set(NULL, &depth, 1);
    metrics_observe(NULL, &took, 1, "x");
    metrics_clear(NULL, &depth);
    metrics_free(NULL);
    check_passed(); /* nothing has crashed */
}

/* More series than there are buckets, and more than fit. */
static void
test_many_series(void)
{
    struct metrics *metrics = metrics_new();
    struct arena arena = {0};
    size_t size;

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < METRIC_SERIES_MAX + 10; i++)
            metrics_add(metrics, &heat, 1, arena_printf(&arena, "%d", i));
    }
    CHECK_INT(20, (long long)metrics_dropped(metrics));
    const char *text = metrics_text(metrics, &arena, &size);
    CHECK(strstr(text, "heat{place=\"199999\"} 2\n") != NULL);
    CHECK(strstr(text, "heat{place=\"200000\"}") == NULL);
    arena_reset(&arena);
    metrics_free(metrics);
}

int
main(void)
{
    test_counters_and_gauges();
    test_label_values_are_escaped();
    test_what_was_cleared_comes_back_when_it_is_set();
    test_a_histogram_counts_up_to_each_bound();
    test_numbers_that_are_not_plain();
    test_no_registry_is_fine();
    test_many_series();
    return check_report("metrics/metrics");
}
