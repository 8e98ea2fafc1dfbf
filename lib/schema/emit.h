/* JSON values as files for people: JSON with line breaks, and YAML. */
#ifndef TG_SCHEMA_EMIT_H
#define TG_SCHEMA_EMIT_H

#include "base/err.h"
#include "schema/json.h"

/* Indented, ending in a line break; the text is in the arena. */
const char *emit_json(struct json_object *json, struct arena *arena);

/* The same as a YAML document in block style. Every text is quoted, so that no reader takes one for
 * a number or a truth value. ERR_INTERNAL when a text is not valid UTF-8. */
bool emit_yaml(
    struct json_object *json, struct arena *arena, const char **text, struct err *err) MUST_CHECK;

#endif
