/*
 * Requests whose answer waits for gateways: for the keys of a batch, for a snapshot's generation,
 * or for a component to pass a generation. Looked at in each turn of the engine; each has a
 * deadline, at which it is answered with what is.
 */
#ifndef TG_AGENT_WAIT_H
#define TG_AGENT_WAIT_H

#include "agent/agent.h"
#include "agent/intake.h"
#include "http/app.h"

enum {
    WAITS_MAX = 64
};

/* All three answer later, as reply_later(). ERR_AGENT_BUSY when too many wait. */
bool wait_for_keys(struct req *req, const struct touched_list *touched, struct err *err) MUST_CHECK;
bool wait_for_snapshot(struct req *req, struct err *err) MUST_CHECK;
bool wait_for_progress(struct req *req, int64_t after, int64_t wait_ms, struct err *err) MUST_CHECK;

/* Whether one more may wait: to be asked before a batch is taken in. */
bool wait_room(const struct agent *agent, struct err *err) MUST_CHECK;

void waits_turn(struct agent *agent);

/* Answer all at once with what is: the agent ends. */
void waits_end(struct agent *agent);

#endif
