/* The messages of protocol.h as records: what we send, and what comes back. */
#ifndef TG_DISPATCHER_MESSAGE_H
#define TG_DISPATCHER_MESSAGE_H

#include "dispatcher/protocol.h"
#include "schema/schema.h"

/* How far each component is; not set where the node does not run it. */
struct converged {
    struct opt_int of[COMPONENTS];
};

extern const struct schema converged_schema;

/* -- requests ------------------------------------------------------------------------------- */

struct events_head {
    const char *epoch;
    int64_t token;
    int64_t from, to;
    bool repair;
    int64_t max_attempts;
};

struct part_head {
    const char *epoch;
    int64_t token;
};

struct commit_body {
    const char *epoch;
    int64_t gen, token, parts;
    const char *sha256;
};

/* One event of a batch, without its payload; with gen 0 one of a snapshot. */
struct event_head {
    int64_t gen;
    const char *event_type, *component, *aggregate_id;
    int64_t ver;
    const char *idempotency_key;
};

extern const struct schema events_head_schema, part_head_schema, commit_body_schema;
extern const struct schema event_head_schema, artifact_head_schema;

/* -- answers; input from another machine: unknown keys are ignored, what is wrong is refused -- */

struct taken {
    int64_t desired_gen;
    const struct converged *converged;
    struct list rejected; /* const struct rejection * */
};

enum refusal_code {
    REFUSED_FENCED,
    REFUSED_GAP,
    REFUSED_NEED_SNAPSHOT,
    REFUSED_EPOCH
};

struct refusal {
    int code; /* enum refusal_code */
    int64_t desired_gen, max_token;
};

struct node_state {
    const char *role, *version, *boot_id;
    int boot;          /* 0 empty, 1 ready */
    const char *epoch; /* NULL: none */
    int64_t max_token, desired_gen;
    const struct converged *converged;
    const char *components; /* JSON */
    struct list rejected;   /* const struct rejection * */
};

extern const struct schema taken_schema, refusal_schema, node_state_schema;

/* A record of the schema, in the arena; NULL when the text is not one. */
const void *
answer_read(const struct schema *schema, const char *data, size_t size, struct arena *arena);

#endif
