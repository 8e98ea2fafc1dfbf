/*
 * A node that we hold, or have held. Its lease says what we may do and until when; its pace how
 * fast. Requests run one at a time, but for the watch: a waiting GET /v1/state that is open while a
 * component is behind.
 */
#ifndef TG_DISPATCHER_NODE_H
#define TG_DISPATCHER_NODE_H

#include "base/str.h"
#include "dispatcher/batch.h"
#include "dispatcher/message.h"
#include "dispatcher/pace.h"
#include "store/dead.h"

enum {
    NODE_KEY_SIZE = 129, /* a key is at most 128 long */
    REJECTED_MAX = 4096  /* that wait to be written; more are not taken */
};

struct node {
    struct dispatcher *dispatcher;
    struct node *next;
    struct arena arena; /* holds the node itself */
    char id[UUID_SIZE];

    struct arena lease_arena;
    struct lease lease;
    struct stream_view *stream;
    const char *token; /* x-agent-token */
    usec_t held_until; /* on our clock, from before the statement that said so */
    bool held;
    usec_t held_at;

    bool leaving; /* to be given back by keep, and not to be worked on */
    usec_t wait;  /* then: until it may be claimed again */
    const char *error;

    struct pace pace;
    int64_t acked_gen; /* by the agent's own word */
    struct converged converged;
    usec_t seen_at;  /* it last answered; 0: not in this process */
    usec_t moved_at; /* something last happened; for letting go of idle nodes */
    bool noted;      /* what is written is what we know */
    bool must_look;  /* before anything else */
    const char *why_snapshot;
    bool snapshot_begun; /* to be written before one begins: the row's wish is taken, and owed */
    bool snapshot_owed;  /* that is written, and none has begun since */
    bool snapshot_done;  /* to be written: nothing is owed */

    struct arena news_arena; /* what the last answers said and keep is to write */
    const struct node_state *state;
    struct arena rejected_arena;
    struct list rejected; /* const struct rejection * */

    struct fetch *fetch; /* a look, a batch or a step of a snapshot */
    struct fetch *watch;
    usec_t watch_after;     /* not before: an agent that answers at once is not asked at once */
    struct batch *batch;    /* in flight */
    struct batch *prepared; /* the one after it */
    struct {                /* the one event that its batch goes without, being dead; "": none */
        char aggregate_id[NODE_KEY_SIZE];
        int64_t ver;
    } skip;
    struct snapshot *snapshot;
};

struct node *node_find(struct dispatcher *dispatcher, const char *id);

/* Ours from now on. Whatever was under way with an older lease ends. */
bool node_hold(struct dispatcher *dispatcher, const struct lease *lease, usec_t held_until,
    struct err *err) MUST_CHECK;

/* Give it back, after what is under way: nobody claims it for `wait`. */
void node_leave(struct node *node, usec_t wait, const char *error);

/* It is not ours any more. */
void node_lose(struct node *node);

/* Forget it. */
void node_free(struct node *node);

/* A component that is not as far as the agent's wishes. */
bool node_is_behind(const struct node *node);

/* -- what happens with a node: callbacks, memory only ---------------------------------------- */

/* It answered: how far it is. */
void node_moved(struct node *node, int64_t desired_gen, const struct converged *converged);

/* To be written down soon; copied. A list of pointers to struct rejection. That a node does not run
 * a component is no dead letter: it keeps the wish for the day when it does. */
void node_rejected(struct node *node, const struct list *rejected);

void node_failed(struct node *node, enum pace_event event, const struct fetch_answer *answer);

/* It wants the whole: reason is for the metric. */
void node_want_snapshot(struct node *node, const char *reason);

/* A 409 that says what to do, or a failure. */
void node_refused(struct node *node, const struct fetch_answer *answer);

/* -- steps, from work ------------------------------------------------------------------------ */

void look_start(struct node *node);
void watch_start(struct node *node);
bool deliver_step(struct node *node, struct err *err) MUST_CHECK;
bool snapshot_step(struct node *node, struct err *err) MUST_CHECK;
void snapshot_drop(struct node *node);

/* A request to the node's agent. The body lies in `arena`. */
struct fetch *node_fetch(
    struct node *node, struct arena *arena, const struct fetch_request *request, fetch_fn *done);

#endif
