#include "dispatcher/node.h"

#include <string.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/hmac.h"

/* -- finding and making -------------------------------------------------------------------- */

struct node *
node_find(struct dispatcher *dispatcher, const char *id)
{
    struct node *node = dispatcher->nodes;

    while (node != NULL && !str_eq(node->id, id))
        node = node->next;
    return node;
}

static struct node *
make(struct dispatcher *dispatcher, const char *id)
{
    struct arena arena = {0};
    struct node *node = arena_alloc(&arena, sizeof(*node));

    node->dispatcher = dispatcher;
    node->arena = arena;
    memcpy(node->id, id, sizeof(node->id));
    node->pace.batch_limit = dispatcher->settings->dispatcher_batch_size;
    node->next = dispatcher->nodes;
    dispatcher->nodes = node;
    return node;
}

/* Requests, batches and a snapshot belong to one lease. */
static void
end_work(struct node *node)
{
    fetch_cancel(node->fetch);
    fetch_cancel(node->watch);
    node->fetch = node->watch = NULL;
    batch_drop(node->batch);
    batch_drop(node->prepared);
    node->batch = node->prepared = NULL;
    snapshot_drop(node);
    arena_reset(&node->news_arena);
    arena_reset(&node->rejected_arena);
    node->state = NULL;
    node->rejected = (struct list){NULL, 0};
    *node->skip.aggregate_id = '\0'; /* its dead letter may not be on record */
}

void
node_free(struct node *node)
{
    struct node **link = &node->dispatcher->nodes;
    struct arena arena = node->arena;

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    end_work(node);
    node->dispatcher->held -= node->held ? 1 : 0;
    arena_reset(&node->lease_arena);
    arena_reset(&arena);
}

/* -- holding and losing -------------------------------------------------------------------- */

/* The master's key makes one token per node, so that a captured node speaks for nobody else. */
static const char *
node_token(const struct settings *settings, const char *name, struct arena *arena)
{
    unsigned char mac[HMAC_SHA256_BYTES];
    const char *master = settings->agent_auth_token;
    const char *text = arena_printf(arena, "node:%s", name);

    if (settings->agent_token_mode == TOKEN_SHARED)
        return arena_strdup(arena, master);
    hmac_sha256(master, strlen(master), text, strlen(text), mac);
    char *token = arena_alloc(arena, BASE64_URL_SIZE(sizeof(mac)));
    base64_write(BASE64_URL, mac, sizeof(mac), token);
    return token;
}

static void
keep_strings(struct node *node, const struct lease *lease)
{
    struct arena *arena = &node->lease_arena;

    arena_reset(arena);
    node->lease = *lease;
    node->lease.node_id = node->id;
    node->lease.name = arena_strdup(arena, lease->name);
    node->lease.base_url = arena_strdup(arena, lease->base_url);
    node->lease.epoch = arena_strdup(arena, lease->epoch);
    node->lease.converged = arena_strdup(arena, lease->converged);
    node->lease.breaker = "";
    node->token = node_token(node->dispatcher->settings, lease->name, arena);
}

/* What the database knows of the pace counts: another dispatcher may have learned it. */
static void
take_pace(struct pace *pace, const struct lease *lease)
{
    pace->breaker = (int)breaker_find(lease->breaker);
    pace->fails = lease->fails;
    pace->batch_size =
        lease->batch_size < pace->batch_limit ? lease->batch_size : pace->batch_limit;
}

static void
take_converged(struct node *node, const struct lease *lease, struct arena *arena)
{
    const struct converged *converged =
        answer_read(&converged_schema, lease->converged, strlen(lease->converged), arena);

    node->converged = (struct converged){0};
    if (converged != NULL)
        node->converged = *converged;
}

bool
node_hold(
    struct dispatcher *dispatcher, const struct lease *lease, usec_t held_until, struct err *err)
{
    struct stream_view *stream = stream_find(dispatcher, lease->stream_id);
    struct node *node = node_find(dispatcher, lease->node_id);

    if (stream == NULL)
        return err_say(err, ERR_INTERNAL, "node %s is of an unknown stream", lease->name);
    if (node == NULL)
        node = make(dispatcher, lease->node_id);
    end_work(node);
    take_pace(&node->pace, lease);
    take_converged(node, lease, dispatcher->turn.arena);
    keep_strings(node, lease);
    dispatcher->held += node->held ? 0 : 1;
    node->held = true;
    node->held_until = held_until;
    node->stream = stream;
    node->acked_gen = lease->acked_gen;
    node->leaving = false;
    node->snapshot_begun = node->snapshot_owed = node->snapshot_done = false;
    node->noted = true;
    node->error = NULL;
    node->must_look =
        !lease->fresh || lease->fails > 0 || lease->paused || node->pace.breaker == BREAKER_OPEN;
    node->why_snapshot = lease->acked_gen == 0 ? "new" : "asked";
    if (!lease->want_snapshot)
        node->why_snapshot = NULL;
    node->watch_after = 0;
    node->held_at = node->moved_at = time_monotonic();
    return true;
}

void
node_lose(struct node *node)
{
    end_work(node);
    node->dispatcher->held -= node->held ? 1 : 0;
    node->held = node->leaving = false;
}

void
node_leave(struct node *node, usec_t wait, const char *error)
{
    fetch_cancel(node->watch);
    node->watch = NULL;
    node->leaving = true;
    node->wait = wait;
    node->error = error != NULL ? arena_strdup(&node->lease_arena, error) : NULL;
    loop_wake(&node->dispatcher->loop, keep_leases);
}

/* -- what happens -------------------------------------------------------------------------- */

bool
node_is_behind(const struct node *node)
{
    for (size_t i = 0; i < COMPONENTS; i++) {
        if (node->converged.of[i].set && node->converged.of[i].value < node->acked_gen)
            return true;
    }
    return false;
}

static void
note_soon(struct node *node)
{
    bool drained = node->acked_gen >= node->stream->gen && !node_is_behind(node);

    node->noted = false;
    loop_wake_in(&node->dispatcher->loop, keep_leases, drained ? 10 * USEC_MS : 1 * USEC_SEC);
}

static bool
converged_same(const struct converged *one, const struct converged *other)
{
    for (size_t i = 0; i < COMPONENTS; i++) {
        if (one->of[i].set != other->of[i].set || one->of[i].value != other->of[i].value)
            return false;
    }
    return true;
}

void
node_moved(struct node *node, int64_t desired_gen, const struct converged *converged)
{
    usec_t now = time_monotonic();
    bool moved = desired_gen != node->acked_gen || !converged_same(converged, &node->converged);

    node->seen_at = now;
    if (!moved)
        return;
    node->moved_at = now;
    node->acked_gen = desired_gen;
    node->converged = *converged;
    note_soon(node);
    loop_wake(&node->dispatcher->loop, watch_revocations);
}

static const struct rejection *
keep_rejection(const struct rejection *told, struct arena *arena)
{
    struct rejection *kept = arena_alloc(arena, sizeof(*kept));

    *kept = *told;
    kept->aggregate_id = arena_strdup(arena, told->aggregate_id);
    kept->code = told->code == NULL ? NULL : arena_strdup(arena, told->code);
    kept->detail = told->detail == NULL ? NULL : arena_strdup(arena, told->detail);
    return kept;
}

static bool
is_dead(const struct rejection *told)
{
    return told->code == NULL || !str_eq(told->code, "no_component");
}

/* Beside those that wait to be written. An agent tells all of them again in its state, so that too
 * many need not be kept. */
void
node_rejected(struct node *node, const struct list *rejected)
{
    const struct rejection *const *told = rejected->at;
    size_t count = node->rejected.count;
    const struct rejection **all;

    if (rejected->count == 0 || count >= REJECTED_MAX)
        return;
    all = arena_alloc(
        &node->rejected_arena, (count + rejected->count) * sizeof(const struct rejection *));
    if (count > 0)
        memcpy(all, node->rejected.at, count * sizeof(const struct rejection *));
    for (size_t i = 0; i < rejected->count; i++) {
        if (is_dead(told[i]))
            all[count++] = keep_rejection(told[i], &node->rejected_arena);
    }
    node->rejected = (struct list){all, count};
    loop_wake_in(&node->dispatcher->loop, keep_leases, 10 * USEC_MS);
}

void
node_want_snapshot(struct node *node, const char *reason)
{
    if (node->why_snapshot == NULL)
        node->why_snapshot = reason;
    batch_drop(node->prepared);
    node->prepared = NULL;
}

/* -- failures ------------------------------------------------------------------------------ */

static const char *
reason_of(const struct fetch_answer *answer, struct arena *arena)
{
    return answer->end == FETCH_ANSWERED ? arena_printf(arena, "status %d", answer->status)
                                         : arena_strdup(arena, answer->err.detail);
}

void
node_failed(struct node *node, enum pace_event event, const struct fetch_answer *answer)
{
    struct arena arena = {0};
    int before = node->pace.breaker;
    const char *reason = reason_of(answer, &arena);
    usec_t wait = pace_note(&node->pace, event, answer->retry_after, jitter);

    if (node->pace.fails == 1 || before != node->pace.breaker)
        log_error("node=%s breaker=%s %s, trying again", node->lease.name,
            breaker_names[node->pace.breaker], reason);
    node_leave(node, wait, reason);
    loop_wake_in(&node->dispatcher->loop, claim_nodes, wait + 5 * USEC_MS);
    arena_reset(&arena);
}

/* A higher token: somebody else holds the node, and our notes would change nothing. */
static void
on_fenced(struct node *node)
{
    meters_fenced(&node->dispatcher->meters);
    log_error("node=%s fenced, letting go", node->lease.name);
    node_lose(node);
}

static void
on_gap(struct node *node)
{
    node_want_snapshot(node, "gap");
}

static void
on_need_snapshot(struct node *node)
{
    node_want_snapshot(node, "need_snapshot");
}

static void
on_epoch(struct node *node)
{
    node_want_snapshot(node, "epoch");
}

static void (*const refusals[])(struct node *node) = {
    [REFUSED_FENCED] = on_fenced,
    [REFUSED_GAP] = on_gap,
    [REFUSED_NEED_SNAPSHOT] = on_need_snapshot,
    [REFUSED_EPOCH] = on_epoch,
};

static bool
on_conflict(struct node *node, const struct fetch_answer *answer)
{
    struct arena arena = {0};
    const struct refusal *refusal = NULL;

    if (answer->end == FETCH_ANSWERED && answer->status == 409)
        refusal = answer_read(&refusal_schema, answer->data, answer->size, &arena);
    /* A snapshot that is refused for want of one would go round for ever: that is a failure. */
    bool again = refusal != NULL && refusal->code != REFUSED_FENCED && node->snapshot != NULL;
    if (refusal != NULL && !again) {
        node->seen_at = time_monotonic();
        refusals[refusal->code](node);
    }
    arena_reset(&arena);
    return refusal != NULL && !again;
}

void
node_refused(struct node *node, const struct fetch_answer *answer)
{
    bool slow = answer->end == FETCH_TIMEOUT;

    if (!on_conflict(node, answer))
        node_failed(node, slow ? PACE_TIMED_OUT : PACE_FAILED, answer);
}

/* -- talking ------------------------------------------------------------------------------- */

struct fetch *
node_fetch(
    struct node *node, struct arena *arena, const struct fetch_request *request, fetch_fn *done)
{
    struct fetch_request own = *request;
    size_t last = 0;

    while (own.headers[last].name != NULL)
        last++;
    own.headers[last] = (struct fetch_header){"x-agent-token", node->token};
    own.url = arena_printf(arena, "%s%s", node->lease.base_url, request->url);
    return fetch_start(node->dispatcher->fetcher, arena, &own, done, node);
}
