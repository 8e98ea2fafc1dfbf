/* The comparison of all wishes with all that Xray has, and the sweep of what is left over. */
#ifndef TG_AGENT_XRAY_SCAN_H
#define TG_AGENT_XRAY_SCAN_H

#include "agent/xray.h"

/* -- xray_scan.c ----------------------------------------------------------------------- */

void xray_compare(struct component *component);
void xray_scan_slice(int fd, short what, void *xray); /* of the timer slice */

/* Without an API: all wishes are as they are wished, or none is. Ends the comparison. */
void xray_judge_all(struct xray *xray, bool right);

/* Bring all wishes into the index; false when the state cannot be read. */
bool xray_know(struct xray *xray) MUST_CHECK;

/* Whether a connection of this marker is right: it is wished, the base's, or nobody knows yet. */
bool xray_may_live(void *xray, const char *marker);

/* -- xray_sweep.c ---------------------------------------------------------------------- */

void xray_sweep(struct component *component);
void xray_sweep_guard(int fd, short what, void *xray); /* of the timer sweep_guard */

#endif
