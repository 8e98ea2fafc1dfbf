/*
 * What the dispatcher brings, into the state: checked, then one durable transaction; then the
 * engine is told. Checked in this order: epoch, token, whether a snapshot is needed, generations.
 * On an error nothing was written, except that a new epoch was noted.
 */
#ifndef TG_AGENT_INTAKE_H
#define TG_AGENT_INTAKE_H

#include "agent/agent.h"
#include "agent/batch.h"
#include "agent/part.h"

/* A key that a batch has changed. */
struct touched {
    struct component *component; /* NULL: this node does not run it, the key is rejected */
    const char *name;            /* of the component */
    const char *key;
    int64_t gen;
    bool removed;
};

struct touched_list {
    struct touched *at;
    size_t count;
};

/* ERR_EPOCH, ERR_FENCED, ERR_NEED_SNAPSHOT, ERR_GAP, ERR_BATCH, ERR_TOO_LARGE, ERR_STATE_FULL. */
bool intake_events(struct agent *agent, const char *body, size_t size, struct arena *arena,
    struct touched_list *touched, struct err *err) MUST_CHECK;

/* All of its events are read once. ERR_FENCED, ERR_BATCH (also for a wrong sum), … */
bool intake_part(struct agent *agent, const struct part *part, struct err *err) MUST_CHECK;

struct commit {
    const char *epoch;
    int64_t token, gen, parts;
    const char *sha256;
};

extern const struct schema commit_schema;

/* Also true when it is this one that was committed last. */
bool intake_commit(struct agent *agent, const char *snapshot, const struct commit *commit,
    struct err *err) MUST_CHECK;

#endif
