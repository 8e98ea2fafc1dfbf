#include "agent/batch.h"

#include <stdio.h>
#include <string.h>

#include "agent/scan.h"
#include "base/str.h"
#include "schema/read.h"

enum {
    TOKEN_MAX = 255,
    EVENT_TYPE_MAX = 64
};

static const struct field event_fields[] = {
    F_INT(struct event, gen, F_OPTIONAL, 1, INT64_MAX - 1),
    F_TEXT(struct event, event_type, F_REQUIRED, 1, EVENT_TYPE_MAX),
    F_TEXT(struct event, component, F_REQUIRED, 1, COMPONENT_NAME_MAX),
    F_TEXT(struct event, aggregate_id, F_REQUIRED, 1, KEY_MAX),
    F_INT(struct event, ver, F_REQUIRED, 1, INT64_MAX - 1),
    F_TEXT(struct event, idempotency_key, F_NULLABLE, 0, TOKEN_MAX),
    F_JSON(struct event, payload, F_REQUIRED | F_NULLABLE),
};
static const struct schema event_schema = SCHEMA(struct event, event_fields);

static const struct field head_fields[] = {
    F_UUID(struct batch_head, epoch, F_REQUIRED),
    F_INT(struct batch_head, token, F_REQUIRED, 0, INT64_MAX - 1),
    F_INT(struct batch_head, from, F_REQUIRED, 0, INT64_MAX - 1),
    F_INT(struct batch_head, to, F_REQUIRED, 0, INT64_MAX - 1),
    F_BOOL(struct batch_head, repair, F_OPTIONAL),
    F_INT(struct batch_head, max_attempts, F_OPTIONAL, 0, 1000000),
};
static const struct field part_fields[] = {
    F_UUID(struct batch_head, epoch, F_REQUIRED),
    F_INT(struct batch_head, token, F_REQUIRED, 0, INT64_MAX - 1),
};
static const struct schema head_schemas[] = {
    [BATCH_EVENTS] = SCHEMA(struct batch_head, head_fields),
    [BATCH_PART] = SCHEMA(struct batch_head, part_fields),
};

bool
name_is_good(const char *name, size_t max)
{
    size_t length = strlen(name);

    return length >= 1 && length <= max && strstr(name, "..") == NULL &&
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._:-") == length;
}

/* -- JSON ---------------------------------------------------------------------------------- */

/* The first fault's place and kind, never its input: "aggregate_id: string_too_long". */
static void
tell_fault(struct json_object *faults, char *text, size_t size)
{
    struct json_object *fault = json_object_array_get_idx(faults, 0);
    struct json_object *place = json_object_object_get(fault, "loc");
    size_t depth = place == NULL ? 0 : json_object_array_length(place);
    struct json_object *last = depth == 0 ? NULL : json_object_array_get_idx(place, depth - 1);

    snprintf(text, size, "%s: %s", last == NULL ? "body" : json_object_get_string(last),
        json_object_get_string(json_object_object_get(fault, "type")));
}

enum {
    FAULT_SIZE = 128
};

/* `data` must end with a 0. NULL with `fault` filled. */
static const void *
read_record(const struct schema *schema, const char *data, size_t size, struct arena *arena,
    char fault[FAULT_SIZE])
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    struct json_object *json = NULL;
    void *record = schema_new(schema, arena);

    if (read_document(&reader, data, size, &json))
        read_json(&reader, schema, json, record);
    if (reader.faults == NULL)
        return record;
    tell_fault(reader.faults, fault, FAULT_SIZE);
    return NULL;
}

/* -- the head ------------------------------------------------------------------------------ */

static bool
check_head(const struct batch_head *head, struct err *err)
{
    if (head->to < head->from || (head->repair && head->to != head->from))
        return err_say(err, ERR_BATCH, "from and to do not fit");
    return true;
}

bool
batch_read(enum batch_kind kind, const char *body, size_t size, struct arena *arena,
    struct batch *batch, struct err *err)
{
    struct span events;
    char fault[FAULT_SIZE];

    if (size > EVENT_BYTES_MAX)
        return err_say(err, ERR_TOO_LARGE, "The body is larger than 4 MiB");
    if (memchr(body, '\0', size) != NULL)
        return err_say(err, ERR_BATCH, "json_invalid");
    if (!scan_member(body, size, "events", &events) || *events.at != '[')
        return err_say(err, ERR_BATCH, "The body is not an object with one array of events");
    const char *text = arena_printf(arena, "%.*s[]%.*s", (int)(events.at - body), body,
        (int)(body + size - events.end), events.end);
    const struct batch_head *head =
        read_record(&head_schemas[kind], text, strlen(text), arena, fault);
    if (head == NULL)
        return err_say(err, ERR_BATCH, "%s", fault);
    *batch = (struct batch){.kind = kind, .size = size, .at = events.at + 1, .end = events.end};
    batch->head = *head;
    return check_head(&batch->head, err);
}

/* -- events -------------------------------------------------------------------------------- */

static bool
check_count(const struct batch *batch, struct err *err)
{
    size_t max = batch->kind == BATCH_PART ? PART_EVENTS_MAX : EVENTS_MAX;

    if (batch->count > max)
        return err_say(err, ERR_BATCH, "more than %zu events", max);
    if (batch->count > 1 && batch->size > BATCH_BYTES_MAX)
        return err_say(err, ERR_TOO_LARGE, "Several events are larger than 1 MiB");
    return true;
}

static bool
check_event(const struct batch *batch, const struct event *event, struct err *err)
{
    if (!name_is_good(event->aggregate_id, KEY_MAX))
        return err_say(err, ERR_BATCH, "event %zu: aggregate_id: not a key", batch->count);
    if (!name_is_good(event->component, COMPONENT_NAME_MAX))
        return err_say(err, ERR_BATCH, "event %zu: component: not a name", batch->count);
    return true;
}

static bool
read_event(struct batch *batch, const struct span *item, struct event *event)
{
    char fault[FAULT_SIZE];
    size_t size = (size_t)(item->end - item->at);

    arena_reset(&batch->arena);
    char *text = arena_alloc(&batch->arena, size + 1);
    memcpy(text, item->at, size);
    const struct event *record = read_record(&event_schema, text, size, &batch->arena, fault);
    if (record == NULL)
        return err_say(&batch->trouble, ERR_BATCH, "event %zu: %s", batch->count, fault);
    *event = *record;
    return check_event(batch, event, &batch->trouble);
}

bool
batch_next(struct batch *batch, struct event *event)
{
    struct span item;

    if (batch->trouble.code != ERR_NONE || batch->ended)
        return false;
    if (scan_item(&batch->at, batch->end, batch->count, &item)) {
        batch->count++;
        return check_count(batch, &batch->trouble) && read_event(batch, &item, event);
    }
    batch->ended = batch->at == batch->end;
    if (!batch->ended)
        err_fill_text(&batch->trouble, ERR_BATCH, "event %zu: json_invalid", batch->count + 1);
    return false;
}

bool
batch_ended(struct batch *batch, struct err *err)
{
    arena_reset(&batch->arena);
    if (batch->trouble.code != ERR_NONE)
        *err = batch->trouble;
    return batch->trouble.code == ERR_NONE;
}
