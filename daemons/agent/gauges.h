/*
 * What the agent tells Prometheus (agent.md 9). Collected every AGENT_METRICS_SECONDS, a scrape
 * reads what is there: it never waits and never fails.
 */
#ifndef TG_AGENT_GAUGES_H
#define TG_AGENT_GAUGES_H

#include "agent/agent.h"
#include "http/app.h"
#include "metrics/metrics.h"

/* For components: through component_metrics(), with the component's name. */
extern const struct metric gauge_sessions_cut;
extern const struct metric gauge_revocation;

/* The task. */
bool gauges_collect(void *agent, struct arena *arena, struct err *err) MUST_CHECK;

bool gauges_reply(struct req *req, struct err *err) MUST_CHECK;

#endif
