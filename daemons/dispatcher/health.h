/* The dispatcher's own HTTP: /live, /ready, /metrics. For probes and Prometheus, no token. */
#ifndef TG_DISPATCHER_HEALTH_H
#define TG_DISPATCHER_HEALTH_H

#include "dispatcher/dispatcher.h"

/* Nothing when DISPATCHER_METRICS_ENABLED is false. */
bool health_open(struct dispatcher *dispatcher, struct err *err) MUST_CHECK;
void health_close(struct dispatcher *dispatcher);

#endif
