#include "agent/gauges.h"

#include "agent/component.h"
#include "agent/host.h"

static const struct metric info = {"tracegate_agent_info", "The agent that runs here", METRIC_GAUGE,
    .labels = {"role", "version"}};
static const struct metric artifacts = {
    "tracegate_agent_artifacts", "Wishes that are not removals", METRIC_GAUGE, .labels = {"kind"}};
static const struct metric generation = {"tracegate_agent_generation",
    "How far the wishes are, and how far the slowest gateway is with them", METRIC_GAUGE,
    .labels = {"stream", "what"}};
static const struct metric component_is_up = {"tracegate_agent_component_up",
    "1 when the gateway answers", METRIC_GAUGE, .labels = {"component"}};
static const struct metric component_behind = {"tracegate_agent_component_behind",
    "Keys that are neither read back nor rejected", METRIC_GAUGE, .labels = {"component"}};
static const struct metric foreign_removed = {"tracegate_agent_foreign_users_removed_total",
    "Users that nobody had wished", METRIC_COUNTER, .labels = {"component"}};
static const struct metric dropped = {
    "tracegate_agent_metrics_dropped", "Series that did not fit", METRIC_GAUGE};

const struct metric gauge_sessions_cut = {"tracegate_agent_sessions_cut_total",
    "Live sessions of revoked credentials that were ended", METRIC_COUNTER,
    .labels = {"component"}};
const struct metric gauge_revocation = {"tracegate_agent_revocation_seconds",
    "From the arrival of a removal until it is read back and its sessions are cut",
    METRIC_HISTOGRAM, .labels = {"component"}, .bounds = metric_seconds,
    .bound_count = COUNT(metric_seconds)};

/* The kinds of digests: two components may hold connections. */
static const struct {
    const char *component, *kind;
} kinds[] = {
    {"xray", "connections"},
    {"hysteria", "connections"},
    {"wireguard", "peers"},
    {"bundle", "bundles"},
};

static const char *
kind_of(const char *component)
{
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (str_eq(kinds[i].component, component))
            return kinds[i].kind;
    }
    return component;
}

static bool
collect_component(struct agent *agent, const struct component *component, struct err *err)
{
    const char *name = component->type->name;
    struct artifact_counts counts;

    if (!artifact_count(&agent->state, name, &counts, err))
        return false;
    metrics_add(agent->metrics, &artifacts, (double)counts.kept, kind_of(name));
    metrics_set(agent->metrics, &component_behind, (double)counts.pending, name);
    metrics_set(agent->metrics, &component_is_up, component->up ? 1 : 0, name);
    metrics_set(agent->metrics, &foreign_removed, (double)component->foreign_removed, name);
    metrics_add(agent->metrics, &gauge_sessions_cut, 0, name);
    return true;
}

/* In memory: right at each scrape. */
static void
note_generations(const struct agent *agent)
{
    struct arena arena = {0};
    const char *stream = arena_printf(&arena, "role:%s", agent->settings->agent_role);
    int64_t slowest = agent->state.meta.desired_gen;

    metrics_set(agent->metrics, &generation, (double)slowest, stream, "desired");
    for (size_t i = 0; i < agent->count; i++) {
        if (agent->components[i].converged < slowest)
            slowest = agent->components[i].converged;
    }
    metrics_set(agent->metrics, &generation, (double)slowest, stream, "converged");
    arena_reset(&arena);
}

bool
gauges_collect(void *object, struct arena *arena, struct err *err)
{
    struct agent *agent = object;

    (void)arena; /* the prototype is the task's */
    loop_wake_in(&agent->loop, gauges_collect, agent->settings->agent_metrics_seconds * USEC_SEC);
    metrics_set(agent->metrics, &info, 1, agent->settings->agent_role, agent_version);
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (agent_component(agent, kinds[i].component) != NULL)
            metrics_set(agent->metrics, &artifacts, 0, kinds[i].kind);
    }
    for (size_t i = 0; i < agent->count; i++) {
        if (!collect_component(agent, &agent->components[i], err))
            return false;
    }
    host_collect(agent->metrics, agent->state.root);
    metrics_set(agent->metrics, &dropped, (double)metrics_dropped(agent->metrics));
    return true;
}

bool
gauges_reply(struct req *req, struct err *err)
{
    const struct agent *agent = req->state;
    size_t size;

    (void)err; /* a scrape does not fail */
    note_generations(agent);
    const char *text = metrics_text(agent->metrics, req->arena, &size);
    return reply_bytes(req, METRICS_TYPE, text, size);
}
