/*
 * A component without a gateway: what is applied is kept in memory and read back from there. It
 * serves AGENT_DRY_RUN, where health says so, and tests, which can make it fail or forget.
 */
#ifndef TG_AGENT_MEMORY_H
#define TG_AGENT_MEMORY_H

#include "agent/component.h"
#include "agent/work.h"

struct memory {
    struct component *component;
    struct arena arena; /* that it lives in itself */
    struct works held;  /* key and version */
    /* Takes the report upon itself; false: go on as usual. NULL in a dry run. */
    bool (*intercept)(struct memory *memory, const struct wish *wish, ticket_t ticket);
    void *object;                     /* of the test */
    bool slow;                        /* the test ends each comparison: memory_end_compare() */
    int64_t applied, compared, swept; /* calls so far */
};

/* The type `name` without a gateway; NULL when there is no such component. */
const struct component_type *memory_type(const char *name);

/* Of a component of such a type. */
struct memory *memory_of(const struct component *component);

/* What component_done() would find. */
bool memory_has(struct memory *memory, const char *key, int64_t ver);

/* As if somebody else had put it there, or taken it away (version 0). */
void memory_set(struct memory *memory, const char *key, int64_t ver);

void memory_end_compare(struct memory *memory);

/* The gateway begins anew with nothing. */
void memory_restart(struct memory *memory, const char *boot);

#endif
