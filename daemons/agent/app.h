/* The agent's routes under /v1. All but live and health want the node's token. */
#ifndef TG_AGENT_APP_H
#define TG_AGENT_APP_H

#include "http/app.h"

extern const struct app agent_app;

#endif
