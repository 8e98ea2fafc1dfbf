/*
 * YAML files that people write, as JSON, so that they are read through a schema like everything
 * else. Only what JSON has: mappings with text keys, lists, scalars; no tags, anchors or aliases.
 * Plain scalars are true, false, null, integers, else text; quoted ones are text.
 */
#ifndef TG_SCHEMA_YAML_H
#define TG_SCHEMA_YAML_H

#include "base/err.h"
#include "schema/json.h"

/* The key under which each mapping says at which line it began. */
#define YAML_LINE "line"

/* One document; the value belongs to the arena. ERR_FILE says `path:line: reason`. */
bool yaml_read(
    const char *path, struct arena *arena, struct json_object **json, struct err *err) MUST_CHECK;

#endif
