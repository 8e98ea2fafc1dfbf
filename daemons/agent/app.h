/* The agent's routes: /v1/… and /metrics. All but live and health want the node's token. */
#ifndef TG_AGENT_APP_H
#define TG_AGENT_APP_H

#include "http/app.h"

extern const struct app agent_app;
extern const struct app agent_metrics_app;

#endif
