#include "schema/emit.h"

#include <string.h>
#include <yaml.h>

#include "base/text.h"

const char *
emit_json(struct json_object *json, struct arena *arena)
{
    return arena_printf(arena, "%s\n",
        json_object_to_json_string_ext(json,
            JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* -- YAML: each adds a node with all below it, and returns its number; 0 when it cannot be ----- */

static int add_node(yaml_document_t *document, struct json_object *json);

static int
add_scalar(yaml_document_t *document, const char *text, yaml_scalar_style_t style)
{
    return yaml_document_add_scalar(
        document, NULL, (const yaml_char_t *)text, (int)strlen(text), style);
}

static int
add_list(yaml_document_t *document, struct json_object *json)
{
    int list = yaml_document_add_sequence(document, NULL, YAML_BLOCK_SEQUENCE_STYLE);

    for (size_t i = 0; list != 0 && i < json_object_array_length(json); i++) {
        int item = add_node(document, json_object_array_get_idx(json, i));

        if (item == 0 || !yaml_document_append_sequence_item(document, list, item))
            return 0;
    }
    return list;
}

static int
add_mapping(yaml_document_t *document, struct json_object *json)
{
    int mapping = yaml_document_add_mapping(document, NULL, YAML_BLOCK_MAPPING_STYLE);

    json_object_object_foreach(json, key, member)
    {
        int name = add_scalar(document, key, YAML_ANY_SCALAR_STYLE);
        int value = add_node(document, member);

        if (mapping == 0 || name == 0 || value == 0 ||
            !yaml_document_append_mapping_pair(document, mapping, name, value))
            return 0;
    }
    return mapping;
}

static int
add_node(yaml_document_t *document, struct json_object *json)
{
    switch (json_object_get_type(json)) {
    case json_type_object:
        return add_mapping(document, json);
    case json_type_array:
        return add_list(document, json);
    case json_type_string:
        return add_scalar(document, json_object_get_string(json), YAML_DOUBLE_QUOTED_SCALAR_STYLE);
    case json_type_null:
    case json_type_boolean:
    case json_type_double:
    case json_type_int:
        break;
    }
    return add_scalar(document, json_text(json), YAML_PLAIN_SCALAR_STYLE);
}

static int
keep(void *data, unsigned char *buffer, size_t size)
{
    text_add(data, (const char *)buffer, size);
    return 1;
}

bool
emit_yaml(struct json_object *json, struct arena *arena, const char **text, struct err *err)
{
    struct text out = {.arena = arena};
    yaml_document_t document;
    yaml_emitter_t emitter;

    yaml_document_initialize(&document, NULL, NULL, NULL, 1, 1);
    yaml_emitter_initialize(&emitter);
    yaml_emitter_set_output(&emitter, keep, &out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    bool made = add_node(&document, json) != 0;
    if (made)
        made = yaml_emitter_dump(&emitter, &document) != 0; /* deletes the document */
    else
        yaml_document_delete(&document);
    yaml_emitter_delete(&emitter);
    *text = out.data;
    return made || err_say(err, ERR_INTERNAL, "this cannot be YAML");
}
