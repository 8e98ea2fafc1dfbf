/* One credential made right, step by step. */
#ifndef TG_AGENT_XRAY_MACHINE_H
#define TG_AGENT_XRAY_MACHINE_H

#include "agent/xray.h"

struct machine_report {
    enum xray_result result;
    const char *cut; /* the marker whose sessions were ended, or "" */
    enum xray_tag tag;
};

void xray_machines_init(struct xray *xray);

/* Make the credential right, read back. Answered within the call or later. */
void xray_make_right(struct xray *xray, struct credential *credential,
    void (*done)(void *arg, const struct machine_report *report), void *arg);

#endif
