#include "base/str.h"
#include "domain/catalog.h"
#include "schema/read.h"
#include "schema/yaml.h"

#define NAME_PATTERN "^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]{0,61}[a-z0-9]$"

static const struct field provider_item = {
    .type = FIELD_TEXT, .max = 32, .pattern = "^(mts|megafon|t2|tmobile|rtk|yota|beeline)$"};

static const struct field file_fields[] = {
    F_INT(struct sni, id, F_REQUIRED, 1, INT32_MAX),
    F_MATCH(struct sni, fqdn, F_REQUIRED, 253, NAME_PATTERN),
    F_BOOL(struct sni, enabled, F_OPTIONAL),
    F_BOOL(struct sni, is_test, F_OPTIONAL),
    F_TEXT(struct sni, note, F_NULLABLE, 0, 255),
    F_LIST(struct sni, providers, F_OPTIONAL, &provider_item, 0),
    F_INT(struct sni, line, F_OPTIONAL, 1, INT32_MAX),
};
static const struct sni file_defaults = {.enabled = true};
static const struct schema file_schema = SCHEMA_FROM(struct sni, file_fields, &file_defaults);

/* A misspelt key would silently mean its default. */
static bool
check_keys(const char *path, struct json_object *entry, int64_t line, struct err *err)
{
    json_object_object_foreach(entry, key, value)
    {
        size_t i = 0;

        (void)value; /* the macro's */
        while (i < COUNT(file_fields) && !str_eq(file_fields[i].name, key))
            i++;
        if (i == COUNT(file_fields))
            return err_say(
                err, ERR_FILE, "%s:%lld: %s is no key of an entry", path, (long long)line, key);
    }
    return true;
}

static bool
read_entry(const char *path, struct json_object *json, struct arena *arena, struct sni *sni,
    struct err *err)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    struct json_object *line = json_object_object_get(json, YAML_LINE);

    *sni = file_defaults;
    read_json(&reader, &file_schema, json, sni);
    if (reader.faults == NULL)
        return check_keys(path, json, sni->line, err);
    struct json_object *fault = json_object_array_get_idx(reader.faults, 0);
    return err_say(err, ERR_FILE, "%s:%lld: %s: %s", path, (long long)json_object_get_int64(line),
        json_text(json_object_object_get(fault, "loc")),
        json_object_get_string(json_object_object_get(fault, "msg")));
}

/* Ids ascend, so that the file reads as a list and none stands twice; names are unique, too. */
static bool
check_order(const char *path, const struct sni *names, size_t last, struct err *err)
{
    if (last > 0 && names[last].id <= names[last - 1].id)
        return err_say(err, ERR_FILE, "%s:%lld: id %lld does not ascend", path,
            (long long)names[last].line, (long long)names[last].id);
    for (size_t i = 0; i < last; i++) {
        if (str_eq(names[i].fqdn, names[last].fqdn))
            return err_say(err, ERR_FILE, "%s:%lld: %s stands twice", path,
                (long long)names[last].line, names[last].fqdn);
    }
    return true;
}

static bool
load(const char *path, struct arena *scratch, struct arena *arena, struct catalog *catalog,
    struct err *err)
{
    struct json_object *json;

    if (!yaml_read(path, scratch, &json, err))
        return false;
    if (!json_object_is_type(json, json_type_array))
        return err_say(err, ERR_FILE, "%s:1: must be a list of names", path);
    size_t count = json_object_array_length(json);
    struct sni *names = arena_alloc(arena, count * sizeof(*names));
    for (size_t i = 0; i < count; i++) {
        if (!read_entry(path, json_object_array_get_idx(json, i), arena, &names[i], err) ||
            !check_order(path, names, i, err))
            return false;
    }
    catalog->names = (struct list){names, count};
    return true;
}

/* What was read goes at once: each handler would keep it as long as it lives. */
bool
catalog_load(const char *path, struct arena *arena, struct catalog *catalog, struct err *err)
{
    struct arena scratch = {0};
    bool done = load(path, &scratch, arena, catalog, err);

    arena_reset(&scratch);
    return done;
}
