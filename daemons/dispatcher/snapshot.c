#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/digest.h"
#include "dispatcher/node.h"
#include "dispatcher/text.h"
#include "domain/artifact.h"
#include "schema/write.h"

/* All that a role has, as of `gen` or later, on its way to one node. */
struct snapshot {
    struct arena arena; /* holds the snapshot itself */
    char id[REQUEST_ID_SIZE];
    int64_t gen;
    struct artifact_walk walk;
    char after[129]; /* where walk.after points: a key is at most 128 long */
    int64_t parts;   /* taken by the agent */
    char sum[SHA256_HEX_SIZE];
    struct text sums; /* of the parts, one after another */
    size_t bytes;     /* of the part under way */
};

static struct snapshot *
make(struct node *node)
{
    struct arena arena = {0};
    struct snapshot *snapshot = arena_alloc(&arena, sizeof(*snapshot));

    snapshot->gen = node->stream->gen;
    request_id_make(snapshot->id);
    snapshot->arena = arena;
    snapshot->sums.arena = &snapshot->arena;
    text_add(&snapshot->sums, "", 0);
    node->dispatcher->snapshots++;
    meters_snapshot(&node->dispatcher->meters, node->why_snapshot);
    log_info("node=%s snapshot=%s gen=%" PRId64 " reason=%s", node->lease.name, snapshot->id,
        snapshot->gen, node->why_snapshot);
    return snapshot;
}

static void
land(struct node *node)
{
    node->dispatcher->snapshot_bytes -= node->snapshot->bytes;
    node->snapshot->bytes = 0;
}

void
snapshot_drop(struct node *node)
{
    if (node->snapshot == NULL)
        return;
    land(node);
    struct arena arena = node->snapshot->arena;
    arena_reset(&arena);
    node->snapshot = NULL;
    node->dispatcher->snapshots--;
}

/* -- parts --------------------------------------------------------------------------------- */

static void
add_artifacts(struct text *text, const struct list *artifacts)
{
    const struct artifact *all = artifacts->at;

    for (size_t i = 0; i < artifacts->count; i++) {
        const struct event_head head = {.event_type = all[i].event_type,
            .component = all[i].component,
            .aggregate_id = all[i].aggregate_id,
            .ver = all[i].ver.value};

        if (all[i].payload == NULL)
            continue;
        if (text->size > 1)
            text_add(text, ",", 1);
        text_add_object(text, &artifact_head_schema, &head, "payload", all[i].payload);
    }
}

/* Pages until one has something on it, or there are no more. */
static bool
read_part(struct node *node, struct text *events, struct err *err)
{
    struct snapshot *snapshot = node->snapshot;
    struct list page = {NULL, 0};

    text_add(events, "[", 1);
    while (!snapshot->walk.done && page.count == 0) {
        if (!artifacts_next(
                &node->dispatcher->turn, node->stream->role, &snapshot->walk, &page, err))
            return false;
        add_artifacts(events, &page);
    }
    text_add(events, "]", 1);
    if (snapshot->walk.after != NULL) {
        snprintf(snapshot->after, sizeof(snapshot->after), "%s", snapshot->walk.after);
        snapshot->walk.after = snapshot->after;
    }
    return true;
}

static void
on_part(void *object, const struct fetch_answer *answer)
{
    struct node *node = object;
    struct snapshot *snapshot = node->snapshot;

    node->fetch = NULL;
    land(node);
    if (answer->end == FETCH_ANSWERED && answer->status == 200) {
        node->seen_at = time_monotonic();
        snapshot->parts++;
        text_add(&snapshot->sums, snapshot->sum, strlen(snapshot->sum));
    } else {
        node_refused(node, answer);
        snapshot_drop(node);
    }
    loop_wake(&node->dispatcher->loop, work_nodes);
}

static void
post_part(struct node *node, const struct text *events)
{
    struct snapshot *snapshot = node->snapshot;
    struct arena arena = {0};
    struct text text = {.arena = &arena};
    const struct part_head head = {node->lease.epoch, node->lease.lease_token};

    text_add_object(&text, &part_head_schema, &head, "events", events->data);
    sha256_hex(text.data, text.size, snapshot->sum);
    snapshot->bytes = text.size;
    node->dispatcher->snapshot_bytes += text.size;
    node->fetch = node_fetch(node, &arena,
        &(struct fetch_request){.method = "POST",
            .url = arena_printf(
                &arena, "/v1/snapshots/%s/parts/%" PRId64, snapshot->id, snapshot->parts + 1),
            .headers = {{"x-sha256", arena_strdup(&arena, snapshot->sum)}},
            .body = text.data,
            .body_size = text.size},
        on_part);
}

/* -- the commit ---------------------------------------------------------------------------- */

static void
on_committed(struct node *node, const struct taken *taken)
{
    pace_note(&node->pace, PACE_DELIVERED, 0, jitter);
    node->snapshot_done = node->lease.want_snapshot;
    node->lease.want_snapshot = false;
    node->why_snapshot = NULL;
    node->acked_gen = taken->desired_gen;
    node_moved(node, taken->desired_gen, taken->converged);
    node->noted = false;
    node_rejected(node, &taken->rejected);
    loop_wake(&node->dispatcher->loop, keep_leases);
    log_info("node=%s snapshot=%s parts=%" PRId64 " committed", node->lease.name,
        node->snapshot->id, node->snapshot->parts);
}

static void
on_commit(void *object, const struct fetch_answer *answer)
{
    struct node *node = object;
    struct arena arena = {0};
    const struct taken *taken = NULL;

    node->fetch = NULL;
    if (answer->end == FETCH_ANSWERED && answer->status == 200)
        taken = answer_read(&taken_schema, answer->data, answer->size, &arena);
    if (taken != NULL)
        on_committed(node, taken);
    else
        node_refused(node, answer);
    snapshot_drop(node);
    arena_reset(&arena);
    loop_wake(&node->dispatcher->loop, work_nodes);
}

static const char *
commit_text(const struct node *node, struct arena *arena)
{
    const struct snapshot *snapshot = node->snapshot;
    char sum[SHA256_HEX_SIZE];

    sha256_hex(snapshot->sums.data, snapshot->sums.size, sum);
    const struct commit_body body = {
        node->lease.epoch, snapshot->gen, node->lease.lease_token, snapshot->parts, sum};
    return write_text(&commit_body_schema, &body, arena);
}

static void
post_commit(struct node *node)
{
    struct arena arena = {0};
    const char *body = commit_text(node, &arena);
    const char *url = arena_printf(&arena, "/v1/snapshots/%s/commit", node->snapshot->id);

    node->fetch = node_fetch(node, &arena,
        &(struct fetch_request){
            .method = "POST", .url = url, .body = body, .body_size = strlen(body)},
        on_commit);
}

static bool
part_step(struct node *node, struct err *err)
{
    struct dispatcher *dispatcher = node->dispatcher;
    struct text events = {.arena = dispatcher->turn.arena};

    if (dispatcher->snapshot_bytes >= SNAPSHOT_BYTES)
        return true; /* another one's answer wakes us */
    if (!read_part(node, &events, err))
        return false;
    if (events.size == strlen("[]") && node->snapshot->parts > 0)
        post_commit(node);
    else
        post_part(node, &events);
    return true;
}

bool
snapshot_step(struct node *node, struct err *err)
{
    if (node->snapshot == NULL) {
        if (node->dispatcher->snapshots >= SNAPSHOTS_MAX)
            return true;
        node->snapshot = make(node);
    }
    if (!node->snapshot->walk.done || node->snapshot->parts == 0)
        return part_step(node, err);
    post_commit(node);
    return true;
}
