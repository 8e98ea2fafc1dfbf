/* The engine: what the core does with its components, and what it is told of them. */
#ifndef TG_AGENT_ENGINE_H
#define TG_AGENT_ENGINE_H

#include "agent/agent.h"

/* The task: notes how far components are, hands out work, answers who waited. */
bool engine_turn(void *agent, struct arena *arena, struct err *err) MUST_CHECK;
void engine_wake(struct agent *agent);

/* The wish for a key was committed. */
void engine_changed(struct component *component, const char *key, int64_t gen);

/* All wishes may be others: compare first. */
void engine_restart(struct agent *agent);

/* Whether there is a place for another key at work. */
bool component_has_room(const struct component *component);

/* Begin at the oldest pending row again. */
void component_rewind(struct component *component);

/* What is in work is void, and nothing is known until the next comparison. */
void component_reset(struct component *component);

/* The state could not be written: what was not noted will be done again, a second later. */
void engine_trouble(struct agent *agent, const struct err *err);

#endif
