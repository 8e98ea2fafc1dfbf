#include "dispatcher/message.h"

#include "base/str.h"
#include "schema/read.h"
#include "store/dead.h"

#define WORD_MAX 255

/* -- components ---------------------------------------------------------------------------- */

const char *const component_names[] = {
    [COMPONENT_XRAY] = "xray",
    [COMPONENT_HYSTERIA] = "hysteria",
    [COMPONENT_WIREGUARD] = "wireguard",
    [COMPONENT_BUNDLE] = "bundle",
    NULL,
};

size_t
component_find(const char *name)
{
    size_t i = 0;

    while (i < COMPONENTS && !str_eq(component_names[i], name))
        i++;
    return i;
}

/* clang-format off */
#define COMPONENT(number, text) \
    [number] = {.name = (text), .type = FIELD_OPT_INT, .flags = F_NULLABLE, \
        .offset = offsetof(struct converged, of[number]), .max = INT64_MAX}
/* clang-format on */

static const struct field converged_fields[] = {
    COMPONENT(COMPONENT_XRAY, "xray"),
    COMPONENT(COMPONENT_HYSTERIA, "hysteria"),
    COMPONENT(COMPONENT_WIREGUARD, "wireguard"),
    COMPONENT(COMPONENT_BUNDLE, "bundle"),
};

const struct schema converged_schema = SCHEMA(struct converged, converged_fields);

/* -- requests ------------------------------------------------------------------------------ */

static const struct field events_head_fields[] = {
    F_TEXT(struct events_head, epoch, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct events_head, token, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct events_head, from, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct events_head, to, F_REQUIRED, 0, INT64_MAX),
    F_BOOL(struct events_head, repair, F_REQUIRED),
    F_INT(struct events_head, max_attempts, F_REQUIRED, 0, INT64_MAX),
};

static const struct field part_head_fields[] = {
    F_TEXT(struct part_head, epoch, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct part_head, token, F_REQUIRED, 0, INT64_MAX),
};

static const struct field commit_body_fields[] = {
    F_TEXT(struct commit_body, epoch, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct commit_body, gen, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct commit_body, token, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct commit_body, parts, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct commit_body, sha256, F_REQUIRED, 1, WORD_MAX),
};

static const struct field event_head_fields[] = {
    F_INT(struct event_head, gen, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct event_head, event_type, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct event_head, component, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct event_head, aggregate_id, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct event_head, ver, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct event_head, idempotency_key, F_REQUIRED, 1, WORD_MAX),
};

static const struct field artifact_head_fields[] = {
    F_TEXT(struct event_head, event_type, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct event_head, component, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct event_head, aggregate_id, F_REQUIRED, 1, WORD_MAX),
    F_INT(struct event_head, ver, F_REQUIRED, 0, INT64_MAX),
};

const struct schema events_head_schema = SCHEMA(struct events_head, events_head_fields);
const struct schema part_head_schema = SCHEMA(struct part_head, part_head_fields);
const struct schema commit_body_schema = SCHEMA(struct commit_body, commit_body_fields);
const struct schema event_head_schema = SCHEMA(struct event_head, event_head_fields);
const struct schema artifact_head_schema = SCHEMA(struct event_head, artifact_head_fields);

/* -- answers ------------------------------------------------------------------------------- */

static const char *const refusal_names[] = {
    [REFUSED_FENCED] = "fenced",
    [REFUSED_GAP] = "gap",
    [REFUSED_NEED_SNAPSHOT] = "need_snapshot",
    [REFUSED_EPOCH] = "epoch",
    NULL,
};

static const char *const boot_names[] = {"empty", "ready", NULL};

static const struct field rejected_item = {.type = FIELD_OBJECT, .record = &rejection_schema};

static const struct field taken_fields[] = {
    F_INT(struct taken, desired_gen, F_REQUIRED, 0, INT64_MAX),
    F_OBJECT(struct taken, converged, struct converged, F_REQUIRED, &converged_schema),
    F_LIST(struct taken, rejected, F_OPTIONAL, &rejected_item, 0),
};

static const struct field refusal_fields[] = {
    F_ENUM(struct refusal, code, F_REQUIRED, refusal_names),
    F_INT(struct refusal, desired_gen, F_OPTIONAL, 0, INT64_MAX),
    F_INT(struct refusal, max_token, F_OPTIONAL, 0, INT64_MAX),
};

static const struct field node_state_fields[] = {
    F_TEXT(struct node_state, role, F_REQUIRED, 1, WORD_MAX),
    F_TEXT(struct node_state, version, F_REQUIRED | F_NULLABLE, 0, WORD_MAX),
    F_TEXT(struct node_state, boot_id, F_REQUIRED | F_NULLABLE, 0, WORD_MAX),
    F_ENUM(struct node_state, boot, F_REQUIRED, boot_names),
    F_UUID(struct node_state, epoch, F_NULLABLE),
    F_INT(struct node_state, max_token, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct node_state, desired_gen, F_REQUIRED, 0, INT64_MAX),
    F_OBJECT(struct node_state, converged, struct converged, F_REQUIRED, &converged_schema),
    F_JSON(struct node_state, components, F_NULLABLE),
    F_LIST(struct node_state, rejected, F_OPTIONAL, &rejected_item, 0),
};

const struct schema taken_schema = SCHEMA(struct taken, taken_fields);
const struct schema refusal_schema = SCHEMA(struct refusal, refusal_fields);
const struct schema node_state_schema = SCHEMA(struct node_state, node_state_fields);

const void *
answer_read(const struct schema *schema, const char *data, size_t size, struct arena *arena)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    struct json_object *json;

    if (!json_read(arena, data, size, &json))
        return NULL;
    void *record = schema_new(schema, arena);
    read_json(&reader, schema, json, record);
    return reader.faults == NULL ? record : NULL;
}
