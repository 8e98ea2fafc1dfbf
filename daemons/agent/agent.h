/*
 * The agent: one state, its components, the requests that wait for them, one loop. main.c makes it,
 * everything else gets it as an argument.
 *
 *     struct agent agent;
 *
 *     if (agent_open(&agent, &settings, types, &err) && agent_listen(&agent, &err))
 *         loop_run(&agent.loop);
 *     agent_close(&agent);
 */
#ifndef TG_AGENT_AGENT_H
#define TG_AGENT_AGENT_H

#include "agent/artifact.h"
#include "agent/work.h"
#include "daemon/loop.h"

enum {
    COMPONENTS_MAX = 4,
    BOOT_SIZE = 64,
    ATTEMPTS_DEFAULT = 25
};

extern const char agent_version[];

/* What the core has asked of a component that is up, beside applying wishes. */
enum component_phase {
    PHASE_APPLY, /* nothing else */
    PHASE_COMPARE,
    PHASE_SWEEP
};

struct component {
    struct agent *agent;
    const struct component_type *type;
    void *self;
    bool opened;

    bool up;
    char boot[BOOT_SIZE]; /* of the gateway's run */
    char error[256];      /* why it is not up; "" */

    enum component_phase phase;
    bool compare_wanted, sweep_wanted;
    bool compared;      /* once since it came up: before, nothing is handed out */
    bool verified;      /* compared and swept since it came up: `converged` may move */
    usec_t compare_at;  /* the next one, at the latest */
    int64_t sweep_gen;  /* the sweep waits for what is not newer */
    struct place place; /* up to where the pending rows have been handed out */
    bool drained;       /* none was left behind it */
    size_t handed_out;  /* keys, since it was drained last */
    bool marking;       /* a comparison tells what it has found, and goes on in the next turn */
    bool unproven;      /* some were handed in only: a comparison must follow */
    struct works works;
    int64_t converged;
    int64_t foreign_removed; /* so far */
};

LIST_HEAD(waits, wait);

struct wait; /* wait.c */

struct agent {
    struct loop loop;
    struct job ending;
    const struct settings *settings;
    struct state state;
    struct component components[COMPONENTS_MAX];
    size_t count;
    struct waits waits;
    size_t wait_count;
    struct server *server;
    struct metrics *metrics;
    char boot_id[REQUEST_ID_SIZE]; /* of this process */
    ticket_t last_ticket;
    struct health_cache {
        usec_t at;
        bool ok;
    } health;
    usec_t retry_least; /* the first pause of a key that failed */
    usec_t answer_most; /* what a gateway may take to answer after a restart */
    usec_t held_until;  /* the state could not be written: nothing is handed out before */
    bool broken;        /* the state is damaged: the process must end and begin anew */
};

/* The names are checked: AGENT_COMPONENTS, or all of the table when it is "". */
bool agent_open(struct agent *agent, const struct settings *settings,
    const struct component_type *const *types, struct err *err) MUST_CHECK;

/* The HTTP server. */
bool agent_listen(struct agent *agent, struct err *err) MUST_CHECK;

/* Accepts a zeroed one. */
void agent_close(struct agent *agent);

/* NULL when this node does not run it. */
struct component *agent_component(struct agent *agent, const char *name);

#endif
