/* What the agent answers: how far it is. */
#ifndef TG_AGENT_STATUS_H
#define TG_AGENT_STATUS_H

#include "agent/agent.h"
#include "agent/intake.h"
#include "http/app.h"

/* To events and to a snapshot's commit, whose list is empty: {desired_gen, converged, rejected}. */
bool
status_reply_batch(struct req *req, const struct touched_list *touched, struct err *err) MUST_CHECK;

bool status_reply_state(struct req *req, struct err *err) MUST_CHECK;

/* A 409 with desired_gen and max_token; every other error is returned as it is. A state that is
 * broken ends the process, after the answer. */
bool status_refuse(struct req *req, struct err *err) MUST_CHECK;

#endif
