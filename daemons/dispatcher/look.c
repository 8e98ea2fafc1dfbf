#include "dispatcher/node.h"

#include <inttypes.h>

#include "base/log.h"

#define WATCH_MS    "2000"
#define WATCH_PAUSE (250 * USEC_MS)

/* -- what a state says --------------------------------------------------------------------- */

/* What a state may ask for, in this order. */
static const char *
snapshot_reason(const struct node *node, const struct node_state *state)
{
    if (state->boot == 0)
        return "empty";
    if (state->epoch == NULL || !str_eq(state->epoch, node->lease.epoch))
        return "epoch";
    return state->desired_gen < node->acked_gen ? "gap" : NULL;
}

/* An answer's arena moves into the node, for keep to write. */
static void
take_state(struct node *node, struct arena *arena, const struct node_state *state)
{
    const char *reason = snapshot_reason(node, state);

    node->seen_at = time_monotonic();
    if (reason != NULL)
        node_want_snapshot(node, reason);
    else
        node_moved(node, state->desired_gen, state->converged);
    arena_reset(&node->news_arena);
    node->news_arena = *arena;
    node->state = state;
    *arena = (struct arena){0};
}

static const struct node_state *
read_state(const struct fetch_answer *answer, struct arena *arena)
{
    if (answer->end != FETCH_ANSWERED || answer->status != 200)
        return NULL;
    return answer_read(&node_state_schema, answer->data, answer->size, arena);
}

/* Rejections are read once more, into an arena of their own: the state's is needed as long. */
static void
take_rejected(struct node *node, const struct fetch_answer *answer)
{
    struct arena arena = {0};
    const struct node_state *state = read_state(answer, &arena);

    if (state != NULL)
        node_rejected(node, &state->rejected);
    arena_reset(&arena);
}

/* -- a look: is it there, and how far ------------------------------------------------------- */

static void
on_look(void *object, const struct fetch_answer *answer)
{
    struct node *node = object;
    struct arena arena = {0};
    const struct node_state *state = read_state(answer, &arena);

    node->fetch = NULL;
    if (state == NULL) {
        node_refused(node, answer);
    } else if (state->max_token > node->lease.lease_token) {
        /* Somebody else writes to it, or the database is older than the node (delivery.md 5). */
        meters_fenced(&node->dispatcher->meters);
        node_leave(node, 5 * USEC_SEC, "the agent has seen a higher token");
    } else {
        pace_note(&node->pace, PACE_LOOKED, 0, jitter);
        node->must_look = false;
        node->noted = false;
        if (state->rejected.count > 0)
            take_rejected(node, answer);
        take_state(node, &arena, state);
    }
    arena_reset(&arena);
    loop_wake(&node->dispatcher->loop, work_nodes);
}

void
look_start(struct node *node)
{
    struct arena arena = {0};

    node->fetch = node_fetch(
        node, &arena, &(struct fetch_request){.method = "GET", .url = "/v1/state"}, on_look);
}

/* -- the watch: when does it get further ----------------------------------------------------- */

/* The highest of those that are behind: the answer comes when any of the lower ones passes it. */
static int64_t
watched_gen(const struct node *node)
{
    int64_t gen = 0;

    for (size_t i = 0; i < COMPONENTS; i++) {
        const struct opt_int *at = &node->converged.of[i];
        if (at->set && at->value < node->acked_gen && at->value > gen)
            gen = at->value;
    }
    return gen;
}

static void
on_watch(void *object, const struct fetch_answer *answer)
{
    struct node *node = object;
    struct arena arena = {0};
    const struct node_state *state = read_state(answer, &arena);
    usec_t moved_at = node->moved_at;

    node->watch = NULL;
    if (state == NULL) {
        /* A batch under way will tell on its own; two failures at once would count twice. */
        if (node->fetch == NULL)
            node_refused(node, answer);
    } else if (state->boot == 1 && state->desired_gen >= node->acked_gen) {
        if (state->rejected.count > 0)
            take_rejected(node, answer);
        take_state(node, &arena, state);
    } else {
        node->must_look = true;
    }
    if (node->moved_at == moved_at)
        node->watch_after = time_monotonic() + WATCH_PAUSE;
    arena_reset(&arena);
    loop_wake(&node->dispatcher->loop, work_nodes);
}

void
watch_start(struct node *node)
{
    struct arena arena = {0};
    const char *url =
        arena_printf(&arena, "/v1/state?after=%" PRId64 "&wait_ms=" WATCH_MS, watched_gen(node));

    node->watch =
        node_fetch(node, &arena, &(struct fetch_request){.method = "GET", .url = url}, on_watch);
}
