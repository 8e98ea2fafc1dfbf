#include "domain/events.h"

#include <string.h>

#include "base/str.h"
#include "domain/artifact.h"
#include "schema/json.h"
#include "store/event_columns.h"

static const struct field event_query_fields[] = {
    F_BOOL(struct event_query, payload, F_OPTIONAL),
};
const struct schema event_query_schema = SCHEMA(struct event_query, event_query_fields);

static const struct field sending_item = {.type = FIELD_OBJECT, .record = &sending_schema};
static const struct field shown_fields[] = {
    EVENT_FIELDS,
    F_LIST(struct event_shown, nodes, F_REQUIRED, &sending_item, 0),
    F_JSON(struct event_shown, payload, F_NULLABLE),
};
const struct schema event_shown_schema = SCHEMA(struct event_shown, shown_fields);

/* -- masks --------------------------------------------------------------------------------- */

/* Of payloads, all that is no secret. What is not listed is hidden, so that a new member is. */
static const char harmless[] =
    "user_pid connection_id connection_pid protocol mode variant op_ts revision_id slot marker"
    " flow sni username device_id peer_public_key peer_ip bundle_name digest";

static struct json_object *masked(const char *key, struct json_object *from);

static struct json_object *
masked_object(struct json_object *from)
{
    struct json_object *to = json_object_new_object();

    json_object_object_foreach(from, key, value)
        json_object_object_add(to, key, masked(key, value));
    return to;
}

static struct json_object *
masked_array(const char *key, struct json_object *from)
{
    struct json_object *to = json_object_new_array();

    for (size_t i = 0; i < json_object_array_length(from); i++)
        json_object_array_add(to, masked(key, json_object_array_get_idx(from, i)));
    return to;
}

/* Names of members, which are ours or those of files, stay; so does null, which is no value. */
static struct json_object *
masked(const char *key, struct json_object *from)
{
    if (json_object_is_type(from, json_type_object))
        return masked_object(from);
    if (json_object_is_type(from, json_type_array))
        return masked_array(key, from);
    if (from == NULL || str_has_word(harmless, key, strlen(key)))
        return json_object_get(from);
    return json_object_new_string("***");
}

const char *
payload_masked(const char *payload, struct arena *arena)
{
    struct json_object *json;

    if (!json_read(arena, payload, strlen(payload), &json))
        return NULL;
    json = masked("", json);
    json_adopt(arena, json);
    return json_text(json);
}

/* -- one event ----------------------------------------------------------------------------- */

static bool
read_payload(
    const struct turn *turn, const struct event_place *place, const char **payload, struct err *err)
{
    const struct artifact_key key = {place->component, place->event.aggregate_id};
    struct artifact artifact = {0};

    if (!artifacts_of(turn, place->event.role_target, &(struct list){&key, 1}, &artifact, err))
        return false;
    *payload = artifact.payload == NULL ? NULL : payload_masked(artifact.payload, turn->arena);
    return true;
}

/* As lists of objects are: pointers. */
static struct list
pointers_to(const struct list *rows, struct arena *arena)
{
    const struct sending_row *all = rows->at;
    const struct sending_row **pointers =
        arena_alloc(arena, (rows->count + 1) * sizeof(const struct sending_row *));

    for (size_t i = 0; i < rows->count; i++)
        pointers[i] = &all[i];
    return (struct list){pointers, rows->count};
}

bool
event_show(const struct turn *turn, int64_t id, const struct event_query *in,
    struct event_shown *shown, struct err *err)
{
    struct event_place place;
    struct list rows;

    if (!event_get(turn->db, id, &place, err) || !sendings_of_event(turn->db, id, &rows, err))
        return false;
    *shown = (struct event_shown){place.event, pointers_to(&rows, turn->arena), NULL};
    return !in->payload || read_payload(turn, &place, &shown->payload, err);
}

/* -- many ---------------------------------------------------------------------------------- */

bool
sendings_show(
    const struct turn *turn, const struct sendings_query *in, struct list *rows, struct err *err)
{
    if (in->node_id == NULL && in->aggregate_id == NULL)
        return err_fault(err, "node_id", "missing", "node_id or aggregate_id is required");
    return sendings_list(turn->db, in, rows, err);
}
