#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/digest.h"
#include "dispatcher/node.h"
#include "dispatcher/text.h"
#include "domain/artifact.h"
#include "schema/write.h"

enum {
    PART_LEAST_FULL = 500 /* artifacts: a part may be as large as its page again */
};

/* All that a role has, as of `gen` or later, on its way to one node. */
struct snapshot {
    struct arena arena; /* holds the snapshot itself */
    char id[REQUEST_ID_SIZE];
    int64_t gen;
    struct walk {
        struct artifact_walk at;
        char after[NODE_KEY_SIZE]; /* where at.after points */
    } walk, before;                /* before: the part under way was read */
    size_t most;                   /* artifacts in a part; 0: a page */
    int64_t parts;                 /* taken by the agent */
    struct text sums;              /* of them, one after another */

    /* the part under way */
    char sum[SHA256_HEX_SIZE];
    size_t bytes, count;
    char last[NODE_KEY_SIZE]; /* the last artifact in it */
    int64_t last_ver;
    bool left_out; /* a dead one, since a part was taken last */
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
    node->snapshot_owed = false; /* the next one is written down again */
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
remember(struct walk *walk, const struct artifact_walk *at)
{
    walk->at = *at;
    if (at->after == NULL)
        return;
    if (at->after != walk->after)
        snprintf(walk->after, sizeof(walk->after), "%s", at->after);
    walk->at.after = walk->after;
}

static void
note_last(struct snapshot *snapshot, const struct artifact *artifact)
{
    snprintf(snapshot->last, sizeof(snapshot->last), "%s", artifact->aggregate_id);
    snapshot->last_ver = artifact->ver.value;
    snapshot->count++;
}

static void
add_artifacts(struct snapshot *snapshot, struct text *text, const struct list *artifacts)
{
    const struct artifact *all = artifacts->at;

    snapshot->count = 0;
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
        note_last(snapshot, &all[i]);
    }
}

/* As much of a page as may be in a part; the walk goes on behind that. */
static bool
read_page(struct node *node, struct text *events, struct err *err)
{
    struct snapshot *snapshot = node->snapshot;
    struct artifact_walk at = snapshot->walk.at;
    struct list page;

    remember(&snapshot->before, &at);
    if (!artifacts_next(&node->dispatcher->turn, node->stream->role, &at, &page, err))
        return false;
    if (snapshot->most > 0 && page.count > snapshot->most) {
        const struct artifact *all = page.at;
        page.count = snapshot->most;
        at = (struct artifact_walk){
            snapshot->before.at.kind, all[page.count - 1].aggregate_id, false};
    }
    add_artifacts(snapshot, events, &page);
    remember(&snapshot->walk, &at);
    return true;
}

/* Pages until one has something on it, or there are no more. */
static bool
read_part(struct node *node, struct text *events, struct err *err)
{
    struct snapshot *snapshot = node->snapshot;

    snapshot->count = 0;
    text_add(events, "[", 1);
    while (!snapshot->walk.at.done && snapshot->count == 0) {
        if (!read_page(node, events, err))
            return false;
    }
    text_add(events, "]", 1);
    return true;
}

/* Too much at once, or something in it that the agent cannot even read: less of it, down to the one
 * that is dead, and on behind that. */
static void
on_unreadable(struct node *node, int status)
{
    struct snapshot *snapshot = node->snapshot;
    bool too_large = status == 413;
    const struct rejection rejection = {snapshot->last, snapshot->last_ver,
        too_large ? "too_large" : "malformed", too_large ? "status 413" : "status 422"};
    const struct rejection *const one[] = {&rejection};

    node->seen_at = time_monotonic();
    if (snapshot->count > 1 || node->rejected.count >= REJECTED_MAX) {
        remember(&snapshot->walk, &snapshot->before.at);
        snapshot->most = (snapshot->count + 1) / 2;
        return;
    }
    node_rejected(node, &(struct list){one, COUNT(one)});
    snapshot->left_out = true;
}

static void
on_part_taken(struct node *node)
{
    struct snapshot *snapshot = node->snapshot;

    node->seen_at = time_monotonic();
    snapshot->parts++;
    snapshot->most = snapshot->most < PART_LEAST_FULL ? 2 * snapshot->most : 0;
    text_add(&snapshot->sums, snapshot->sum, strlen(snapshot->sum));
}

static void
on_part(void *object, const struct fetch_answer *answer)
{
    struct node *node = object;
    int status = answer->end == FETCH_ANSWERED ? answer->status : 0;

    node->fetch = NULL;
    land(node);
    if (status == 200) {
        on_part_taken(node);
    } else if ((status == 413 || status == 422) && node->snapshot->count > 0) {
        on_unreadable(node, status);
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
    node->snapshot_done = true;
    node->why_snapshot = node->lease.want_snapshot ? "asked" : NULL; /* once more, meanwhile */
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
    if (node->snapshot->count == 0 && node->snapshot->parts > 0)
        post_commit(node);
    else
        post_part(node, &events);
    return true;
}

/* The row's wish is taken before anything is read: one that is told later is for another. */
static void
write_begun(struct node *node)
{
    node->snapshot_begun = true;
    loop_wake(&node->dispatcher->loop, keep_leases);
}

/* A dead letter is on record before the snapshot goes on without its artifact; keep wakes us. */
static bool
must_wait_for_letter(struct node *node)
{
    node->snapshot->left_out = node->snapshot->left_out && node->rejected.count > 0;
    return node->snapshot->left_out;
}

bool
snapshot_step(struct node *node, struct err *err)
{
    if (node->snapshot == NULL) {
        if (node->dispatcher->snapshots >= SNAPSHOTS_MAX)
            return true;
        if (!node->snapshot_owed) {
            write_begun(node);
            return true;
        }
        node->snapshot = make(node);
    }
    if (must_wait_for_letter(node))
        return true;
    if (!node->snapshot->walk.at.done || node->snapshot->parts == 0)
        return part_step(node, err);
    post_commit(node);
    return true;
}
