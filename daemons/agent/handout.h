/*
 * Handing wishes out to a component, as far as there is room: first those whose pause is over, to
 * which belongs what has just come, then the pending rows by age. *next becomes when there is more
 * to do, if that is sooner.
 */
#ifndef TG_AGENT_HANDOUT_H
#define TG_AGENT_HANDOUT_H

#include "agent/engine.h"

/* A wish that has just come goes before all that has waited longer: revocations first of all. One
 * that finds no place here will be met among the pending rows. */
void hand_out_first(struct component *component, const char *key);

bool hand_out_paused(
    struct component *component, struct arena *arena, usec_t *next, struct err *err) MUST_CHECK;

/* component->drained afterwards: no pending row is left that was not handed out once. */
bool hand_out_pending(struct component *component, usec_t *next, struct err *err) MUST_CHECK;

#endif
