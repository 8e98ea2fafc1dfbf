#include "schema/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/fs.h"
#include "base/str.h"

enum {
    FILE_BYTES_MAX = 1 << 20,
    DEPTH_MAX = 16
};

struct source {
    const char *path;
    yaml_document_t document;
    struct err *err;
};

static struct json_object *
refuse(struct source *source, const yaml_node_t *node, const char *reason)
{
    err_fill_text(
        source->err, ERR_FILE, "%s:%zu: %s", source->path, node->start_mark.line + 1, reason);
    return NULL;
}

/* -- values: each returns a new object, or NULL after a refusal; null is an object here, too ----
 */

static struct json_object *convert(struct source *source, int index, int depth);

static bool
is_integer(const char *text)
{
    text += *text == '-';
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits < 19 && text[digits] == '\0';
}

static struct json_object *
convert_scalar(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;

    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_object_new_string(text);
    if (str_eq(text, "true") || str_eq(text, "false"))
        return json_object_new_boolean(*text == 't');
    if (is_integer(text))
        return json_object_new_int64(strtoll(text, NULL, 10));
    return json_object_new_string(text);
}

static struct json_object *
convert_list(struct source *source, const yaml_node_t *node, int depth)
{
    struct json_object *list = json_object_new_array();

    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        struct json_object *value = convert(source, *item, depth);

        if (value == NULL) {
            json_object_put(list);
            return NULL;
        }
        json_object_array_add(list, value);
    }
    return list;
}

static bool
convert_pair(
    struct source *source, const yaml_node_pair_t *pair, int depth, struct json_object *object)
{
    const yaml_node_t *key = yaml_document_get_node(&source->document, pair->key);
    const char *name;

    if (key->type != YAML_SCALAR_NODE)
        return refuse(source, key, "a key must be a word") != NULL;
    name = (const char *)key->data.scalar.value;
    if (json_object_object_get_ex(object, name, NULL))
        return refuse(source, key, "this key stands twice") != NULL;
    struct json_object *value = convert(source, pair->value, depth);
    if (value != NULL)
        json_object_object_add(object, name, value);
    return value != NULL;
}

static struct json_object *
convert_mapping(struct source *source, const yaml_node_t *node, int depth)
{
    struct json_object *object = json_object_new_object();

    json_object_object_add(
        object, YAML_LINE, json_object_new_int64((int64_t)node->start_mark.line + 1));
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        if (!convert_pair(source, pair, depth, object)) {
            json_object_put(object);
            return NULL;
        }
    }
    return object;
}

static struct json_object *
convert(struct source *source, int index, int depth)
{
    const yaml_node_t *node = yaml_document_get_node(&source->document, index);

    if (depth > DEPTH_MAX)
        return refuse(source, node, "nested too deep");
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return convert_scalar(node);
    case YAML_SEQUENCE_NODE:
        return convert_list(source, node, depth + 1);
    case YAML_MAPPING_NODE:
        return convert_mapping(source, node, depth + 1);
    case YAML_NO_NODE:
        break;
    }
    return refuse(source, node, "nothing is there");
}

/* -- the file ------------------------------------------------------------------------------ */

static bool
load(yaml_parser_t *parser, struct source *source, struct json_object **json)
{
    if (!yaml_parser_load(parser, &source->document))
        return err_say(source->err, ERR_FILE, "%s:%zu: %s", source->path,
            parser->problem_mark.line + 1, parser->problem);
    const yaml_node_t *root = yaml_document_get_root_node(&source->document);
    *json = root == NULL ? NULL : convert(source, 1, 0);
    if (root == NULL)
        err_fill_text(source->err, ERR_FILE, "%s:1: the file is empty", source->path);
    yaml_document_delete(&source->document);
    return *json != NULL;
}

bool
yaml_read(const char *path, struct arena *arena, struct json_object **json, struct err *err)
{
    struct source source = {.path = path, .err = err};
    yaml_parser_t parser;
    char *text;
    size_t size;

    if (!fs_read(path, FILE_BYTES_MAX, arena, &text, &size, err))
        return false;
    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
    bool done = load(&parser, &source, json);
    yaml_parser_delete(&parser);
    if (done)
        json_adopt(arena, *json);
    return done;
}
