/* The components that this program has; main.c's table, and the tests', name them. */
#ifndef TG_AGENT_COMPONENTS_H
#define TG_AGENT_COMPONENTS_H

#include "agent/component.h"

extern const struct component_type xray_component;
extern const struct component_type bundle_component; /* after xray, which it asks */

#endif
