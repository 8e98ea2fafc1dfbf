#include "domain/overrides.h"

#include <string.h>

#include "base/str.h"
#include "schema/read.h"

enum {
    NAME_BYTES = 40,  /* of a key, at most so many are shown */
    NAMES_BYTES = 160 /* of all of them */
};

static const struct field reality_fields[] = {
    F_INT(struct reality_overrides, camouflage_sni_id, F_OPTIONAL, 1, INT32_MAX),
    F_INT(struct reality_overrides, connect_timeout_ms, F_OPTIONAL, 100, 60000),
    F_INT(struct reality_overrides, dial_timeout_ms, F_OPTIONAL, 100, 60000),
    F_INT(struct reality_overrides, local_socks_port, F_OPTIONAL, 1024, 65535),
    F_BOOL(struct reality_overrides, tcp_fast_open, F_OPTIONAL),
};

static const struct reality_overrides reality_defaults = {.connect_timeout_ms = 8000,
    .dial_timeout_ms = 8000,
    .local_socks_port = 1080,
    .tcp_fast_open = true};

const struct schema reality_overrides_schema =
    SCHEMA_FROM(struct reality_overrides, reality_fields, &reality_defaults);

/* -- the keys that are wrong --------------------------------------------------------------- */

static bool
is_known(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (str_eq(schema->fields[i].name, key))
            return true;
    }
    return false;
}

/* A fault's loc is [source, key, ...]. */
static bool
is_faulty(struct json_object *faults, const char *key)
{
    size_t count = faults == NULL ? 0 : json_object_array_length(faults);

    for (size_t i = 0; i < count; i++) {
        struct json_object *loc =
            json_object_object_get(json_object_array_get_idx(faults, i), "loc");

        if (str_eq(json_object_get_string(json_object_array_get_idx(loc, 1)), key))
            return true;
    }
    return false;
}

/* The length of at most so many bytes that do not end within a code point. */
static size_t
cut(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes + 1);

    if (length <= bytes)
        return length;
    while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80)
        bytes--;
    return bytes;
}

/* NULL when no key is wrong. */
static const char *
bad_keys(const struct schema *schema, struct json_object *json, const struct reader *reader)
{
    const char *names = NULL;
    int more = 0;

    json_object_object_foreach(json, key, value)
    {
        (void)value; /* the iterator names it; the key is enough */
        if (is_known(schema, key) && !is_faulty(reader->faults, key))
            continue;
        if (names != NULL && strlen(names) + cut(key, NAME_BYTES) > NAMES_BYTES)
            more++;
        else
            names = arena_printf(reader->arena, "%s%s%.*s", names == NULL ? "" : names,
                names == NULL ? "" : ", ", (int)cut(key, NAME_BYTES), key);
    }
    return more == 0 ? names : arena_printf(reader->arena, "%s and %d more", names, more);
}

bool
overrides_read(const struct schema *schema, const char *json, struct arena *arena,
    const void **record, struct err *err)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    struct json_object *object;
    void *read = schema_new(schema, arena);

    if (!json_read(arena, json, strlen(json), &object))
        return err_set(err, ERR_OVERRIDES);
    read_json(&reader, schema, object, read);
    const char *bad = bad_keys(schema, object, &reader);
    if (bad != NULL)
        return err_say(err, ERR_OVERRIDES, "These overrides are not allowed: %s", bad);
    *record = read;
    return true;
}
