/*
 * Idempotency keys: the outcome of a change is kept for a day with the change, in its own
 * transaction, and the same request gets it again. What a SECRET route answered is not kept: only
 * its ids are, from which the route's `again` reads the rows anew.
 */
#ifndef TG_HTTP_IDEMPOTENCY_H
#define TG_HTTP_IDEMPOTENCY_H

#include "http/app.h"

/* Run `run`, unless the key has been used: then replay, to an actor who may still act.
 * ERR_IDEMPOTENCY_RUNNING, ERR_IDEMPOTENCY_MISMATCH, what actor_check() refuses with, and what
 * `run` fails with. */
bool idempotency_run(struct req *req, route_fn *run, struct err *err) MUST_CHECK;

#endif
