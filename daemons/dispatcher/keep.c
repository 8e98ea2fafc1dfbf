#include "base/log.h"
#include "dispatcher/node.h"
#include "schema/write.h"

/* -- what is to be written ----------------------------------------------------------------- */

/* Dead letters first: a cursor must not pass what is not on record. */
static bool
write_rejected(struct node *node, struct err *err)
{
    struct dispatcher *dispatcher = node->dispatcher;
    int64_t news;

    if (node->rejected.count == 0)
        return true;
    if (!dead_insert(&dispatcher->db, &node->lease, &node->rejected, &news, err))
        return false;
    if (news > 0)
        log_error("node=%s dead=%lld", node->lease.name, (long long)news);
    meters_dead(&dispatcher->meters, node->lease.name, news);
    node->lease.dead += news;
    node->rejected = (struct list){NULL, 0};
    arena_reset(&node->rejected_arena);
    loop_wake(&dispatcher->loop, work_nodes);
    return true;
}

static bool
close_dead(struct node *node, const char *converged, struct err *err)
{
    int64_t closed;

    if (node->lease.dead == 0 || node->noted)
        return true;
    if (!dead_supersede(&node->dispatcher->db, &node->lease, converged, &closed, err))
        return false;
    node->lease.dead -= closed < node->lease.dead ? closed : node->lease.dead;
    return true;
}

/* Zero is null in records: a time in the future of the process's start never is. */
static struct opt_int
seen_ms(const struct node *node, usec_t now)
{
    return (struct opt_int){node->seen_at != 0, (now - node->seen_at) / USEC_MS};
}

/* Under way: the node is given back once that has ended. */
static bool
releasable(const struct node *node)
{
    return node->leaving && node->fetch == NULL;
}

static struct lease_note
note_of(const struct node *node, const char *converged, usec_t now)
{
    const struct node_state *state = node->state;

    return (struct lease_note){
        .node_id = node->id,
        .lease_token = node->lease.lease_token,
        .acked_gen = node->acked_gen,
        .converged = converged,
        .components = state != NULL ? state->components : NULL,
        .boot_id = state != NULL ? state->boot_id : NULL,
        .version = state != NULL ? state->version : NULL,
        .fails = node->pace.fails,
        .batch_size = node->pace.batch_size,
        .breaker = breaker_names[node->pace.breaker],
        .seen_ms = seen_ms(node, now),
        .error = node->error,
        .snapshot_begun = node->snapshot_begun,
        .snapshot_done = node->snapshot_done,
        .released = releasable(node),
        .wait_ms = node->wait / USEC_MS,
    };
}

static bool
write_notes(struct dispatcher *dispatcher, struct lease_note *notes, size_t *count, struct err *err)
{
    usec_t now = time_monotonic();

    for (struct node *node = dispatcher->nodes; node != NULL; node = node->next) {
        const char *converged =
            write_text(&converged_schema, &node->converged, dispatcher->turn.arena);

        if (!node->held)
            continue;
        if (!write_rejected(node, err) || !close_dead(node, converged, err))
            return false;
        notes[(*count)++] = note_of(node, converged, now);
    }
    return true;
}

/* -- what came of it ----------------------------------------------------------------------- */

static const struct lease_kept *
find_kept(const struct list *kept, const char *id)
{
    const struct lease_kept *all = kept->at;

    for (size_t i = 0; i < kept->count; i++) {
        if (str_eq(all[i].node_id, id))
            return &all[i];
    }
    return NULL;
}

/* What the operator has changed meanwhile. */
static void
obey(struct node *node, const struct lease_kept *kept)
{
    node->lease.want_snapshot = kept->want_snapshot;
    if (kept->want_snapshot)
        node_want_snapshot(node, "asked");
    if (!kept->active || kept->paused != node->lease.paused ||
        !str_eq(kept->base_url, node->lease.base_url))
        node_leave(node, 0, NULL);
}

static void
note_snapshot(struct node *node)
{
    node->snapshot_owed = node->snapshot_owed || node->snapshot_begun;
    node->snapshot_begun = node->snapshot_done = false;
    if (node->snapshot_owed)
        loop_wake(&node->dispatcher->loop, work_nodes);
}

/* There may be others that wait for the place. */
static void
give_place(struct node *node)
{
    struct dispatcher *dispatcher = node->dispatcher;

    if (dispatcher_full(dispatcher))
        loop_wake(&dispatcher->loop, claim_nodes);
    node_lose(node);
}

static void
settle(struct node *node, const struct lease_kept *kept, bool released, usec_t until)
{
    if (kept == NULL) {
        log_error("node=%s the lease is another's, letting go", node->lease.name);
        meters_fenced(&node->dispatcher->meters);
        node_lose(node);
        return;
    }
    node->noted = true;
    note_snapshot(node);
    node->held_until = until;
    arena_reset(&node->news_arena);
    node->state = NULL;
    if (released)
        give_place(node);
    else if (!node->leaving)
        obey(node, kept);
}

/* The notes are in the order of the held nodes, and nothing has come between. */
static void
settle_all(struct dispatcher *dispatcher, const struct lease_note *notes, const struct list *kept,
    usec_t until)
{
    size_t at = 0;

    for (struct node *node = dispatcher->nodes; node != NULL; node = node->next) {
        if (node->held) {
            bool released = notes[at++].released;
            settle(node, find_kept(kept, node->id), released, until);
        }
    }
}

bool
keep_leases(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    usec_t ttl = dispatcher->settings->dispatcher_lock_ttl_seconds * USEC_SEC;
    usec_t until = time_monotonic() + ttl;
    struct list kept;
    size_t count = 0;

    dispatcher_turn(dispatcher, arena);
    if (dispatcher->held == 0)
        return true;
    struct lease_note *notes = arena_alloc(arena, dispatcher->held * sizeof(*notes));
    if (!write_notes(dispatcher, notes, &count, err))
        return false;
    struct list list = {notes, count};
    if (!leases_keep(&dispatcher->db, &list, ttl / USEC_MS, &kept, err))
        return false;
    settle_all(dispatcher, notes, &kept, until);
    if (dispatcher->held == 0 && dispatcher->loop.stopping)
        loop_end(&dispatcher->loop);
    return true;
}
