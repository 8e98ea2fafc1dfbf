/* The xray component's rows of GET /v1/health. */
#ifndef TG_AGENT_XRAY_HEALTH_H
#define TG_AGENT_XRAY_HEALTH_H

#include "agent/component.h"

enum {
    XRAY_CHECKS = 5
};

extern const struct check xray_checks[XRAY_CHECKS];

#endif
