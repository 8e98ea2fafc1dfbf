/*
 * Xray without its API (AGENT_XRAY_API_ENABLED=false): changes are collected for a second, then
 * config.json is written and tested, and AGENT_RELOAD_XRAY_CMD restarts Xray, which ends
 * everybody's connections. What it was started with last is marked beside that file, so that
 * neither a restart of the agent nor a comparison restarts Xray in vain.
 */
#ifndef TG_AGENT_XRAY_OFFLINE_H
#define TG_AGENT_XRAY_OFFLINE_H

#include "agent/xray.h"

struct offline *offline_new(struct xray *xray);
void offline_free(struct offline *offline); /* NULL is ignored */

void offline_compare(struct offline *offline);

/* The wish is in the index. */
void offline_apply(struct offline *offline, ticket_t ticket);

#endif
