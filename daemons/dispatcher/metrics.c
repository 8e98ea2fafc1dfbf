#include "dispatcher/metrics.h"

#include "dispatcher/standing.h"

/* -- families ------------------------------------------------------------------------------ */

static const double latency_bounds[] = {.005, .01, .05, .1, .25, .5, 1, 2.5, 5, 20};
static const double revocation_bounds[] = {.05, .1, .25, .5, 1, 2, 5, 10, 30, 60, 300};

#define NAME "tracegate_dispatcher_"

static const struct metric attempts = {NAME "delivery_attempts_total",
    "Events by what came of their delivery to a node", METRIC_COUNTER,
    .labels = {"result", "event_type", "node"}};
static const struct metric latency = {NAME "delivery_latency_seconds",
    "From the change to the answer of the node", METRIC_HISTOGRAM,
    .labels = {"result", "event_type", "node"}, .bounds = latency_bounds,
    .bound_count = COUNT(latency_bounds)};
static const struct metric inflight = {
    NAME "delivery_inflight", "Batches on their way to nodes", METRIC_GAUGE};
static const struct metric fenced = {
    NAME "fenced_total", "Leases that turned out to be another's", METRIC_COUNTER};
static const struct metric takeovers = {
    NAME "lease_takeovers_total", "Leases taken from a holder that was gone", METRIC_COUNTER};
static const struct metric sequenced = {NAME "sequenced_total", "Events numbered by this process",
    METRIC_COUNTER, .labels = {"stream"}};
static const struct metric unsequenced = {NAME "unsequenced_rows",
    "Events without a number, up to 10000", METRIC_GAUGE, .labels = {"stream"}};
static const struct metric snapshots = {
    NAME "snapshots_total", "Snapshots begun", METRIC_COUNTER, .labels = {"reason"}};
static const struct metric wakeups = {
    NAME "wakeups_total", "What made it look at the log", METRIC_COUNTER, .labels = {"source"}};
static const struct metric revocations = {"tracegate_revocation_seconds",
    "From the change to the proof of every active node", METRIC_HISTOGRAM,
    .bounds = revocation_bounds, .bound_count = COUNT(revocation_bounds)};
static const struct metric revocation_open = {"tracegate_revocation_open_seconds",
    "Age of the oldest revocation that some active node has not confirmed", METRIC_GAUGE};

static const struct metric lag_events = {NAME "lag_events", "Generations that a node has not",
    METRIC_GAUGE, .labels = {"node", "stream"}};
static const struct metric lag_seconds = {NAME "lag_seconds",
    "Age of the oldest event that a node has not", METRIC_GAUGE, .labels = {"node", "stream"}};
static const struct metric behind = {NAME "converged_behind",
    "Generations that a node has accepted, but not applied", METRIC_GAUGE,
    .labels = {"node", "component"}};
static const struct metric dead = {
    NAME "dead", "Open dead letters", METRIC_GAUGE, .labels = {"node"}};
static const struct metric breaker = {
    NAME "breaker", "0 closed, 1 half open, 2 open", METRIC_GAUGE, .labels = {"node"}};
static const struct metric seen = {
    NAME "node_seen_seconds", "Since a node last answered", METRIC_GAUGE, .labels = {"node"}};

/* -- counting ------------------------------------------------------------------------------ */

static double
seconds(usec_t duration)
{
    return (double)duration / (double)USEC_SEC;
}

static void
count_batch(struct meters *meters, const char *result, const char *node, const struct batch *batch)
{
    usec_t now = time_monotonic();

    for (size_t i = 0; i < batch->count; i++) {
        const struct sent_event *event = &batch->sent[i];

        metrics_add(meters->metrics, &attempts, 1, result, event->event_type, node);
        metrics_observe(meters->metrics, &latency, seconds(now - event->changed_at), result,
            event->event_type, meters->many_nodes ? "" : node);
    }
}

void
meters_sent(struct meters *meters, const char *node, const struct batch *batch)
{
    count_batch(meters, "sent", node, batch);
}

void
meters_failed(struct meters *meters, const char *node, const struct batch *batch)
{
    count_batch(meters, "failed", node, batch);
}

/* The agent says which keys, not of which type. */
void
meters_dead(struct meters *meters, const char *node, int64_t count)
{
    metrics_add(meters->metrics, &attempts, (double)count, "dead", "", node);
}

void
meters_fenced(struct meters *meters)
{
    metrics_add(meters->metrics, &fenced, 1);
}

void
meters_taken_over(struct meters *meters)
{
    metrics_add(meters->metrics, &takeovers, 1);
}

void
meters_sequenced(struct meters *meters, const char *role, int64_t count)
{
    metrics_add(meters->metrics, &sequenced, (double)count, role);
}

void
meters_waiting(struct meters *meters, const char *role, int64_t count)
{
    metrics_set(meters->metrics, &unsequenced, (double)count, role);
}

void
meters_snapshot(struct meters *meters, const char *reason)
{
    metrics_add(meters->metrics, &snapshots, 1, reason);
}

void
meters_woken(struct meters *meters, const char *source)
{
    metrics_add(meters->metrics, &wakeups, 1, source);
}

void
meters_revoked(struct meters *meters, usec_t took)
{
    metrics_observe(meters->metrics, &revocations, seconds(took));
}

/* -- gauges -------------------------------------------------------------------------------- */

static void
show_components(struct metrics *metrics, const struct standing_node *node)
{
    for (size_t i = 0; i < COMPONENTS; i++) {
        const struct opt_int *gen = &node->converged.of[i];

        if (gen->set)
            metrics_set(metrics, &behind, (double)(node->acked_gen - gen->value), node->row->name,
                component_names[i]);
    }
}

/* A node that has caught up since the last reading has no oldest event any more. */
static void
show_node(struct dispatcher *dispatcher, const struct standing_node *node)
{
    struct metrics *metrics = dispatcher->meters.metrics;
    const struct stream_view *stream = stream_find(dispatcher, node->row->stream_id);
    const char *name = node->row->name;
    int64_t lag = stream != NULL ? stream->gen - node->acked_gen : 0;

    metrics_set(metrics, &lag_events, (double)lag, name, stream != NULL ? stream->role : "");
    metrics_set(metrics, &lag_seconds, lag > 0 ? (double)node->row->lag_ms / 1000 : 0, name,
        stream != NULL ? stream->role : "");
    show_components(metrics, node);
    metrics_set(metrics, &dead, (double)node->row->dead, name);
    metrics_set(metrics, &breaker, (double)breaker_find(node->row->breaker), name);
    if (node->row->seen_ms.set)
        metrics_set(metrics, &seen, (double)node->row->seen_ms.value / 1000, name);
}

static void
show_nodes(struct dispatcher *dispatcher)
{
    static const struct metric *const families[] = {
        &lag_events, &lag_seconds, &behind, &dead, &breaker, &seen};

    for (size_t i = 0; i < COUNT(families); i++)
        metrics_clear(dispatcher->meters.metrics, families[i]);
    standing_update(dispatcher);
    for (size_t i = 0; i < dispatcher->standing->count; i++)
        show_node(dispatcher, &dispatcher->standing->nodes[i]);
}

const char *
meters_text(struct dispatcher *dispatcher, struct arena *arena, size_t *size)
{
    struct metrics *metrics = dispatcher->meters.metrics;

    show_nodes(dispatcher);
    metrics_set(metrics, &inflight, (double)dispatcher->meters.inflight);
    metrics_set(metrics, &revocation_open, seconds(revocations_open(dispatcher)));
    metrics_add(metrics, &fenced, 0);
    metrics_add(metrics, &takeovers, 0);
    return metrics_text(metrics, arena, size);
}
