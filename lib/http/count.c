#include "http/count.h"

#include <stdio.h>

#include "base/log.h"
#include "metrics/metrics.h"

static const double bounds[] = {
    .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

static const struct metric requests = {"tracegate_http_requests_total", "Requests answered",
    METRIC_COUNTER, .labels = {"component", "handler", "method", "route", "status"}};
static const struct metric durations = {"tracegate_http_request_duration_seconds",
    "From a request's arrival to its answer", METRIC_HISTOGRAM,
    .labels = {"component", "handler", "method", "route"}, bounds, COUNT(bounds)};
static const struct metric workers = {
    "tracegate_http_workers", "Workers that live", METRIC_GAUGE, .labels = {"handler"}};
static const struct metric busy_workers = {"tracegate_http_busy_workers",
    "Workers that have a request", METRIC_GAUGE, .labels = {"handler"}};
static const struct metric query_seconds = {"tracegate_db_query_seconds",
    "What statements took, from being sent to their result", METRIC_SUMMARY, .labels = {"query"}};
static const struct metric query_errors = {"tracegate_db_query_errors_total",
    "Statements that failed, by the class of their SQLSTATE", METRIC_COUNTER,
    .labels = {"query", "code"}};

struct metrics *
count_open(const struct app *app, const struct settings *settings)
{
    struct metrics *metrics = NULL;
    struct err err;

    if (*settings->metrics_dir != '\0' &&
        !metrics_open(settings->metrics_dir, app->name, &metrics, &err))
        log_warn("handler=%s detail=\"%s\", counting nothing", app->name, err.detail);
    return metrics;
}

/* A daemon's app is a component of its own. */
static const char *
component(const struct req *req)
{
    return req->finish == NULL ? "api" : req->app->name;
}

void
count_request(const struct req *req)
{
    const struct route *route = req->route;
    const char *pattern = "unmatched", *method = "other";
    char status[16];

    if (route != NULL) {
        pattern = arena_printf(req->arena, "%s%s", req->app->prefix, route->path);
        method = route->method;
    }
    snprintf(status, sizeof(status), "%d", req->answer.status);
    metrics_add(
        req->turn.metrics, &requests, 1, component(req), req->app->name, method, pattern, status);
    metrics_observe(req->turn.metrics, &durations,
        (double)(time_monotonic() - req->started_at) / (double)USEC_SEC, component(req),
        req->app->name, method, pattern);
}

void
count_worker(const struct app *app, const struct turn *turn, int alive)
{
    metrics_set(turn->metrics, &workers, alive, app->name);
}

void
count_busy(const struct app *app, const struct turn *turn, int busy)
{
    metrics_set(turn->metrics, &busy_workers, busy, app->name);
}

static void
count_query(void *context, const struct query *query, usec_t took, const char *failed)
{
    struct metrics *metrics = context;

    metrics_observe(metrics, &query_seconds, (double)took / (double)USEC_SEC, query->name);
    if (failed != NULL)
        metrics_add(metrics, &query_errors, 1, query->name, failed);
}

void
count_queries(struct db *db, struct metrics *metrics)
{
    db->watch = metrics == NULL ? NULL : count_query;
    db->watcher = metrics;
}
