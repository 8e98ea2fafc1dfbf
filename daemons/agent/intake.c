#include "agent/intake.h"
#include "agent/engine.h"

#include <stdio.h>
#include <string.h>

/* -- may it come in? ----------------------------------------------------------------------- */

/* Generations, tokens and versions of another epoch mean nothing here. The wishes stay, and stay
 * in force, until the snapshot replaces them. */
static bool
meet_epoch(struct agent *agent, const struct batch_head *head, struct err *err)
{
    struct state *state = &agent->state;
    struct meta *meta = &state->meta;

    if (str_eq(meta->epoch, head->epoch))
        return true;
    if (!state_room(state, err) || !state_begin(state, DURABLE, err))
        return false;
    memcpy(meta->epoch, head->epoch, sizeof(meta->epoch));
    meta->max_token = head->token;
    meta->desired_gen = 0;
    meta->complete = false;
    *meta->snapshot = '\0';
    if (!artifact_forget_generations(state, err) || !part_drop_all(state, err) ||
        !state_write_meta(state, err)) {
        state_rollback(state);
        return false;
    }
    if (!state_commit(state, err))
        return false;
    engine_restart(agent);
    return true;
}

static bool
check_token(const struct meta *meta, int64_t token, struct err *err)
{
    return token >= meta->max_token || err_set(err, ERR_FENCED);
}

static bool
check_generations(const struct meta *meta, const struct batch_head *head, struct err *err)
{
    if (head->from > meta->desired_gen || (head->repair && head->from != meta->desired_gen))
        return err_set(err, ERR_GAP);
    return true;
}

static bool
admit_events(struct agent *agent, const struct batch_head *head, struct err *err)
{
    const struct meta *meta = &agent->state.meta;
    bool is_new = !str_eq(meta->epoch, head->epoch);

    if (!meet_epoch(agent, head, err) || !check_token(meta, head->token, err))
        return false;
    if (is_new && meta->known)
        return err_set(err, ERR_EPOCH);
    if (!meta->complete)
        return err_set(err, ERR_NEED_SNAPSHOT);
    return check_generations(meta, head, err);
}

/* -- batches ------------------------------------------------------------------------------- */

static bool
check_gen(const struct batch *batch, const struct event *event, int64_t last, struct err *err)
{
    const struct batch_head *head = &batch->head;

    if (head->repair)
        return event->gen == 0 ||
            err_say(err, ERR_BATCH, "event %zu: gen: none in a repair", batch->count);
    if (event->gen <= last || event->gen <= head->from || event->gen > head->to)
        return err_say(
            err, ERR_BATCH, "event %zu: gen: not ascending between from and to", batch->count);
    return true;
}

static struct change
change_of(struct agent *agent, const struct event *event)
{
    bool runs = agent_component(agent, event->component) != NULL;

    return (struct change){
        .component = event->component,
        .key = event->aggregate_id,
        .ver = event->ver,
        .gen = event->gen,
        .payload = event->payload,
        .payload_size = event->payload == NULL ? 0 : strlen(event->payload),
        .code = runs ? NULL : "no_component",
        .seen = agent->state.meta.snapshots,
    };
}

static void
note_touched(struct agent *agent, const struct change *change, struct arena *arena,
    struct touched_list *touched)
{
    touched->at[touched->count++] = (struct touched){
        .component = agent_component(agent, change->component),
        .name = arena_strdup(arena, change->component),
        .key = arena_strdup(arena, change->key),
        .gen = change->gen,
        .removed = change->payload == NULL,
    };
}

static bool
put_events(struct agent *agent, struct batch *batch, struct arena *arena,
    struct touched_list *touched, struct err *err)
{
    struct event event;
    int64_t last = 0;

    touched->at = arena_alloc(arena, EVENTS_MAX * sizeof(*touched->at));
    while (batch_next(batch, &event)) {
        if (!check_gen(batch, &event, last, err))
            return false;
        last = event.gen;
        struct change change = change_of(agent, &event);
        change.max_attempts = batch->head.max_attempts;
        if (batch->head.repair)
            change.gen = batch->head.from;
        if (!artifact_put(&agent->state, &change, err))
            return false;
        note_touched(agent, &change, arena, touched);
    }
    return batch->trouble.code == ERR_NONE;
}

static bool
write_events(struct agent *agent, struct batch *batch, struct arena *arena,
    struct touched_list *touched, struct err *err)
{
    struct state *state = &agent->state;
    struct meta *meta = &state->meta;

    if (!state_room(state, err) || !state_begin(state, DURABLE, err))
        return false;
    bool put = put_events(agent, batch, arena, touched, err);
    bool sound = batch_ended(batch, err);
    meta->max_token = batch->head.token;
    if (batch->head.to > meta->desired_gen)
        meta->desired_gen = batch->head.to;
    if (put && sound && state_write_meta(state, err))
        return state_commit(state, err);
    state_rollback(state);
    return false;
}

/* What is added goes before what is removed: the same credential may be in both. */
static void
tell_engine(const struct touched_list *touched, bool removed)
{
    for (size_t i = 0; i < touched->count; i++) {
        const struct touched *key = &touched->at[i];
        if (key->component != NULL && key->removed == removed)
            engine_changed(key->component, key->key, key->gen);
    }
}

bool
intake_events(struct agent *agent, const char *body, size_t size, struct arena *arena,
    struct touched_list *touched, struct err *err)
{
    struct batch batch;

    *touched = (struct touched_list){0};
    if (!batch_read(BATCH_EVENTS, body, size, arena, &batch, err) ||
        !admit_events(agent, &batch.head, err) || !write_events(agent, &batch, arena, touched, err))
        return false;
    tell_engine(touched, false);
    tell_engine(touched, true);
    engine_wake(agent);
    return true;
}

/* -- snapshots ----------------------------------------------------------------------------- */

/* All are read once, so that the commit finds no fault. */
static bool
check_part(struct batch *batch, struct err *err)
{
    struct event event;

    while (batch_next(batch, &event)) {
        if (event.gen != 0) {
            err_fill_text(
                &batch->trouble, ERR_BATCH, "event %zu: gen: none in a part", batch->count);
        }
    }
    return batch_ended(batch, err);
}

static bool
check_part_head(const struct part *part, struct err *err)
{
    char sum[SUM_SIZE];

    sha256_hex(part->body, part->size, sum);
    if (!name_is_good(part->snapshot, SNAPSHOT_ID_MAX) || part->n < 1 || part->n > PARTS_MAX)
        return err_say(err, ERR_BATCH, "not a snapshot's name, or not a part's number");
    return str_eq(part->sum, sum) || err_say(err, ERR_BATCH, "x-sha256 is not the body's");
}

/* In a transaction of its own: one that fails takes no marks with it. */
static bool
write_part(struct state *state, const struct part *part, struct err *err)
{
    if (!state_room(state, err) || !state_begin(state, ALONE, err))
        return false;
    if (part_put(state, part, err))
        return state_commit(state, err);
    state_rollback(state);
    return false;
}

bool
intake_part(struct agent *agent, const struct part *part, struct err *err)
{
    struct arena arena = {0};
    struct batch batch = {0};

    bool done = check_part_head(part, err) &&
        batch_read(BATCH_PART, part->body, part->size, &arena, &batch, err) &&
        check_part(&batch, err) && meet_epoch(agent, &batch.head, err) &&
        check_token(&agent->state.meta, batch.head.token, err) &&
        write_part(&agent->state, part, err);
    arena_reset(&arena);
    return done;
}

static const struct field commit_fields[] = {
    F_UUID(struct commit, epoch, F_REQUIRED),
    F_INT(struct commit, token, F_REQUIRED, 0, INT64_MAX - 1),
    F_INT(struct commit, gen, F_REQUIRED, 0, INT64_MAX - 1),
    F_INT(struct commit, parts, F_REQUIRED, 1, PARTS_MAX),
    F_TEXT(struct commit, sha256, F_REQUIRED, SUM_SIZE - 1, SUM_SIZE - 1),
};
const struct schema commit_schema = SCHEMA(struct commit, commit_fields);

static bool
put_part(
    struct agent *agent, const struct part *part, int64_t gen, bool any_version, struct err *err)
{
    struct arena arena = {0};
    struct batch batch;
    struct event event;
    bool done = batch_read(BATCH_PART, part->body, part->size, &arena, &batch, err);

    while (done && batch_next(&batch, &event)) {
        struct change change = change_of(agent, &event);
        change.gen = gen;
        change.any_version = any_version;
        done = artifact_put(&agent->state, &change, err);
    }
    done = batch_ended(&batch, done ? err : &(struct err){0}) && done;
    arena_reset(&arena);
    return done;
}

static bool
put_parts(struct agent *agent, const char *snapshot, const struct commit *commit, bool any_version,
    struct err *err)
{
    bool done = true;

    for (int64_t n = 1; done && n <= commit->parts; n++) {
        struct arena arena = {0};
        struct part part = {.snapshot = snapshot, .n = n};

        done = part_find(&agent->state, &part, &arena, err);
        if (done && part.body == NULL)
            done = err_set(err, ERR_NEED_SNAPSHOT);
        done = done && put_part(agent, &part, commit->gen, any_version, err);
        arena_reset(&arena);
    }
    return done;
}

static bool
check_commit(
    struct agent *agent, const char *snapshot, const struct commit *commit, struct err *err)
{
    const struct meta *meta = &agent->state.meta;
    const struct batch_head head = {.epoch = commit->epoch, .token = commit->token};
    bool whole = false;

    if (!meet_epoch(agent, &head, err) || !check_token(meta, commit->token, err))
        return false;
    if (meta->complete && commit->gen < meta->desired_gen)
        return err_set(err, ERR_GAP);
    return part_check(&agent->state, snapshot, commit->parts, commit->sha256, &whole, err) &&
        (whole || err_say(err, ERR_NEED_SNAPSHOT, "Not all parts are here as they were sent"));
}

/* What was known before this epoch keeps no version against it. */
static bool
write_snapshot(
    struct agent *agent, const char *snapshot, const struct commit *commit, struct err *err)
{
    struct state *state = &agent->state;
    struct meta *meta = &state->meta;
    bool any_version = !meta->complete;

    meta->snapshots++;
    meta->known = meta->complete = true;
    meta->max_token = commit->token;
    meta->desired_gen = commit->gen;
    snprintf(meta->snapshot, sizeof(meta->snapshot), "%s", snapshot);
    return put_parts(agent, snapshot, commit, any_version, err) &&
        artifact_absent(state, meta->snapshots, commit->gen, err) && part_drop_all(state, err) &&
        state_write_meta(state, err);
}

bool
intake_commit(
    struct agent *agent, const char *snapshot, const struct commit *commit, struct err *err)
{
    struct state *state = &agent->state;

    if (str_eq(state->meta.epoch, commit->epoch) && state->meta.complete &&
        str_eq(state->meta.snapshot, snapshot))
        return check_token(&state->meta, commit->token, err);
    if (!check_commit(agent, snapshot, commit, err) || !state_room(state, err) ||
        !state_begin(state, DURABLE, err))
        return false;
    if (!write_snapshot(agent, snapshot, commit, err)) {
        state_rollback(state);
        return false;
    }
    if (!state_commit(state, err))
        return false;
    engine_restart(agent);
    return true;
}
