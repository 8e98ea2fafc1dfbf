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

/* What the core is doing with a component that is up. */
enum component_phase {
    PHASE_APPLY, /* handing out what is pending */
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
    bool verified;      /* compared and swept since it came up: `converged` may move */
    usec_t compare_at;  /* the next one, at the latest */
    int64_t sweep_gen;  /* what is newer waits for the sweep */
    struct place place; /* up to where the pending rows have been handed out */
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

/* -- the engine (engine.c) ------------------------------------------------------------------ */

/* The task: notes how far components are, hands out work, answers who waited. */
bool engine_turn(void *agent, struct arena *arena, struct err *err) MUST_CHECK;
void engine_wake(struct agent *agent);

/* The wish for a key was committed. */
void engine_changed(struct component *component, const char *key, int64_t gen);

/* All wishes may be others: compare first. */
void engine_restart(struct agent *agent);

/* Begin at the oldest pending row again. */
void component_rewind(struct component *component);

/* What is in work is void, and nothing is known until the next comparison. */
void component_reset(struct component *component);

/* The state could not be written: what was not noted will be done again, a second later. */
void engine_trouble(struct agent *agent, const struct err *err);

#endif
