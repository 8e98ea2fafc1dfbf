/* GET /v1/health: the core's checks and those of each component. */
#ifndef TG_AGENT_HEALTH_H
#define TG_AGENT_HEALTH_H

#include "http/app.h"

/* Without a token: {"ok": bool}, 200 or 503; looked at once a second at most. */
bool health_reply_short(struct req *req);

/* {"role", "checks": [{"name", "ok", "details"}], "overall_ok"} */
bool health_reply_list(struct req *req);

#endif
