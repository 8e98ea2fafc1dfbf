#include "dispatcher/node.h"

#include <stdio.h>

#include "base/log.h"
#include "dispatcher/text.h"

/* -- a dead event ---------------------------------------------------------------------------- */

static bool
is_left_out(const struct node *node, const struct batch *batch)
{
    return batch->count == 1 && batch->ver == node->skip.ver &&
        str_eq(batch->aggregate_id, node->skip.aggregate_id);
}

/* Where no more letters can wait, the next refusal is the one that counts. */
static void
leave_out(struct node *node, const struct batch *batch, int status)
{
    bool too_large = status == 413;
    const struct rejection rejection = {batch->aggregate_id, batch->ver,
        too_large ? "too_large" : "malformed", too_large ? "status 413" : "status 422"};
    const struct rejection *const one[] = {&rejection};

    if (node->rejected.count >= REJECTED_MAX)
        return;
    node_rejected(node, &(struct list){one, COUNT(one)});
    snprintf(node->skip.aggregate_id, sizeof(node->skip.aggregate_id), "%s", batch->aggregate_id);
    node->skip.ver = batch->ver;
}

/* On record before it is passed: the node's own generation would hide it from whoever comes after
 * us. keep writes it, and wakes us. */
static bool
must_wait_for_letter(const struct node *node)
{
    return *node->skip.aggregate_id != '\0' && node->rejected.count > 0;
}

/* -- answers ------------------------------------------------------------------------------- */

/* The agent's word: it has it on disk, and how far the gateways are. */
static void
on_taken(struct node *node, const struct taken *taken)
{
    struct batch *batch = node->batch;

    pace_note(&node->pace, PACE_DELIVERED, 0, jitter);
    meters_sent(&node->dispatcher->meters, node->lease.name, batch);
    node_moved(node, taken->desired_gen, taken->converged);
    if (is_left_out(node, batch))
        *node->skip.aggregate_id = '\0';
    if (taken->desired_gen < batch->to)
        node_want_snapshot(node, "gap");
    node_rejected(node, &taken->rejected);
}

/* Too much at once, or something in it that the agent cannot even read. One event alone is dead;
 * the batch goes again without it, so that those behind it are not held back. */
static void
on_unreadable(struct node *node, const struct fetch_answer *answer)
{
    const struct batch *batch = node->batch;

    node->seen_at = time_monotonic();
    if (batch->count > 1)
        pace_halve(&node->pace, (int64_t)batch->count);
    else
        leave_out(node, batch, answer->status);
}

static void
on_refused(struct node *node, const struct fetch_answer *answer)
{
    bool unreadable = answer->end == FETCH_ANSWERED &&
        (answer->status == 413 || answer->status == 422) && node->batch->count > 0;

    meters_failed(&node->dispatcher->meters, node->lease.name, node->batch);
    if (unreadable)
        on_unreadable(node, answer);
    else
        node_refused(node, answer);
}

static void
on_answer(void *object, const struct fetch_answer *answer)
{
    struct node *node = object;
    struct dispatcher *dispatcher = node->dispatcher;
    struct arena arena = {0};
    const struct taken *taken = NULL;

    node->fetch = NULL;
    dispatcher->meters.inflight--;
    if (answer->end == FETCH_ANSWERED && answer->status == 200)
        taken = answer_read(&taken_schema, answer->data, answer->size, &arena);
    if (taken != NULL)
        on_taken(node, taken);
    else
        on_refused(node, answer);
    batch_drop(node->batch);
    node->batch = NULL;
    arena_reset(&arena);
    loop_wake(&dispatcher->loop, work_nodes);
}

/* -- sending ------------------------------------------------------------------------------- */

static void
post(struct node *node)
{
    const struct batch *batch = node->batch;
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    const struct events_head head = {
        .epoch = node->lease.epoch,
        .token = node->lease.lease_token,
        .from = node->acked_gen,
        .to = batch->to,
        .max_attempts = node->dispatcher->settings->dispatcher_max_attempts,
    };

    text_add_object(&text, &events_head_schema, &head, "events",
        is_left_out(node, batch) ? "[]" : batch->events);
    node->dispatcher->meters.inflight++;
    node->fetch = node_fetch(node, &arena,
        &(struct fetch_request){
            .method = "POST", .url = "/v1/events", .body = text.data, .body_size = text.size},
        on_answer);
}

static bool
take(struct node *node, int64_t from, struct batch **batch, struct err *err)
{
    return batch_take(node->dispatcher, node->stream, from, node->pace.batch_size, batch, err);
}

/* While one batch is under way the next is made ready. */
static bool
prepare(struct node *node, struct err *err)
{
    int64_t from = node->batch->to;

    if (node->prepared != NULL || from >= node->stream->gen)
        return true;
    return take(node, from, &node->prepared, err);
}

static bool
begin(struct node *node, struct err *err)
{
    if (node->prepared != NULL && node->prepared->from != node->acked_gen) {
        batch_drop(node->prepared);
        node->prepared = NULL;
    }
    if (node->prepared == NULL && !take(node, node->acked_gen, &node->prepared, err))
        return false;
    if (must_wait_for_letter(node))
        return true;
    node->batch = node->prepared;
    node->prepared = NULL;
    post(node);
    return true;
}

bool
deliver_step(struct node *node, struct err *err)
{
    return node->batch != NULL ? prepare(node, err) : begin(node, err);
}
