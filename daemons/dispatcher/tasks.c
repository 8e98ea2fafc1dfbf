#include <stdio.h>
#include <string.h>

#include "dispatcher/node.h"
#include "domain/grace.h"
#include "store/revisions.h"

#define BURST_STEP (3 * USEC_MS)
#define SOON       (1 * USEC_MS)
#define LINGER     (5 * USEC_SEC)
#define TURN       (2 * USEC_SEC)

/* -- sequence ------------------------------------------------------------------------------ */

static void
see_stream(struct dispatcher *dispatcher, const struct stream *stream, bool numbered)
{
    struct stream_view *view = stream_find(dispatcher, stream->stream_id);
    const char *colon = strchr(stream->name, ':');

    if (view == NULL) {
        if (dispatcher->stream_count == STREAMS_MAX)
            return;
        view = &dispatcher->streams[dispatcher->stream_count++];
        *view = (struct stream_view){.stream_id = stream->stream_id, .gen = stream->gen};
        snprintf(view->role, sizeof(view->role), "%s", colon != NULL ? colon + 1 : stream->name);
    }
    view->floor_gen = stream->floor_gen;
    if (view->gen >= stream->gen)
        return;
    if (numbered)
        meters_sequenced(&dispatcher->meters, view->role, stream->gen - view->gen);
    view->gen = stream->gen;
    loop_wake(&dispatcher->loop, work_nodes);
    /* A batch for nodes that are held is on its way before these ask the database. */
    loop_wake_in(&dispatcher->loop, claim_nodes, dispatcher->held > 0 ? SOON : 0);
    loop_wake_in(&dispatcher->loop, watch_revocations, SOON);
}

/* Rows without a number are numbered, and all see how far the logs are: another dispatcher may have
 * done the numbering. */
static bool
sequence_one(
    struct dispatcher *dispatcher, const struct stream *stream, bool *numbered, struct err *err)
{
    struct stream now;

    see_stream(dispatcher, stream, false);
    if (!stream->waiting)
        return true;
    if (!stream_sequence(&dispatcher->db, stream->stream_id, &now, err))
        return false;
    see_stream(dispatcher, &now, true);
    if (now.gen - stream->gen >= STREAM_STEP)
        loop_wake(&dispatcher->loop, sequence_streams);
    *numbered = true;
    return true;
}

bool
sequence_streams(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    bool woken = time_monotonic() < dispatcher->burst_until;
    bool numbered = false;
    struct list streams;

    dispatcher_turn(dispatcher, arena);
    if (!streams_list(&dispatcher->db, &streams, err))
        return false;
    for (size_t i = 0; i < streams.count; i++) {
        if (!sequence_one(dispatcher, (const struct stream *)streams.at + i, &numbered, err))
            return false;
    }
    dispatcher->worked_at = time_monotonic();
    if (numbered && !woken)
        meters_woken(&dispatcher->meters, "poll");
    if (woken)
        loop_wake_in(&dispatcher->loop, sequence_streams, BURST_STEP);
    return true;
}

/* -- claim --------------------------------------------------------------------------------- */

static bool
hold_all(struct dispatcher *dispatcher, const struct list *leases, usec_t until, struct err *err)
{
    const struct lease *all = leases->at;

    for (size_t i = 0; i < leases->count; i++) {
        if (all[i].taken_over)
            meters_taken_over(&dispatcher->meters);
        if (!node_hold(dispatcher, &all[i], until, err))
            return false;
    }
    if (leases->count > 0)
        loop_wake(&dispatcher->loop, work_nodes);
    return true;
}

bool
claim_nodes(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    usec_t ttl = dispatcher->settings->dispatcher_lock_ttl_seconds * USEC_SEC;
    int64_t room = dispatcher->settings->dispatcher_concurrency - (int64_t)dispatcher->held;
    struct claim claim = {dispatcher->owner, room, ttl / USEC_MS};
    usec_t until = time_monotonic() + ttl;
    struct opt_int wait_ms;
    struct list leases;

    dispatcher_turn(dispatcher, arena);
    if (dispatcher->stream_count == 0 || room <= 0)
        return true;
    if (!leases_claim(&dispatcher->db, &claim, &leases, err) ||
        !hold_all(dispatcher, &leases, until, err) ||
        !leases_due(&dispatcher->db, dispatcher->owner, &wait_ms, err))
        return false;
    if (wait_ms.set)
        loop_wake_in(&dispatcher->loop, claim_nodes, (wait_ms.value + 1) * USEC_MS);
    return true;
}

/* -- work ---------------------------------------------------------------------------------- */

/* Nothing to do for a while, or others wait for the place. */
static void
linger(struct node *node)
{
    if (dispatcher_full(node->dispatcher) || time_monotonic() - node->moved_at > LINGER)
        node_leave(node, 0, NULL);
}

/* Where all places are taken, each has a turn, whatever it still lacks: a node that is behind for
 * ever holds nobody back. Given back now it is claimed after those that have waited longer. */
static bool
turn_is_over(const struct node *node)
{
    return dispatcher_full(node->dispatcher) && node->fetch == NULL && node->snapshot == NULL &&
        time_monotonic() - node->held_at > TURN;
}

static void
watch(struct node *node)
{
    if (node->watch != NULL)
        return;
    if (node->watch_after > time_monotonic())
        loop_wake_in(&node->dispatcher->loop, work_nodes, node->watch_after - time_monotonic());
    else
        watch_start(node);
}

/* The next request of a node, by the first that applies. */
static bool
step(struct node *node, struct err *err)
{
    bool behind = node_is_behind(node);

    if (turn_is_over(node)) {
        node_leave(node, 0, NULL);
        return true;
    }
    if (behind && node->batch == NULL && node->snapshot == NULL && !node->must_look)
        watch(node);
    if (node->batch != NULL)
        return deliver_step(node, err);
    if (node->fetch != NULL)
        return true;
    if (node->must_look)
        look_start(node);
    else if (node->lease.paused)
        node_leave(node, 0, NULL);
    else if (node->why_snapshot != NULL)
        return snapshot_step(node, err);
    else if (node->acked_gen < node->stream->gen)
        return deliver_step(node, err);
    else if (!behind)
        linger(node);
    return true;
}

bool
work_nodes(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    usec_t now = time_monotonic();

    dispatcher_turn(dispatcher, arena);
    for (struct node *node = dispatcher->nodes; node != NULL; node = node->next) {
        /* Past its end a lease may be another's: nothing new is begun. */
        if (!node->held || node->leaving || now >= node->held_until)
            continue;
        if (!step(node, err))
            return false;
    }
    return true;
}

/* -- the rest ------------------------------------------------------------------------------ */

bool
make_partitions(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;

    dispatcher_turn(dispatcher, arena);
    return partitions_ensure(&dispatcher->db, err);
}

bool
end_grace(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    bool more;

    dispatcher_turn(dispatcher, arena);
    if (!grace_end(&dispatcher->turn, &more, err))
        return false;
    if (more) {
        loop_wake(&dispatcher->loop, sequence_streams);
        loop_wake(&dispatcher->loop, end_grace);
    }
    return true;
}

bool
end_undo(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    int64_t count;

    dispatcher_turn(dispatcher, arena);
    if (!revisions_forget(
            &dispatcher->db, dispatcher->turn.settings->revision_undo_seconds, &count, err))
        return false;
    if (count > 0)
        loop_wake(&dispatcher->loop, end_undo);
    return true;
}
