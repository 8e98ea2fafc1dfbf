#include "domain/changed.h"

#include "schema/write.h"

static struct json_object *
members(const struct schema *schema, const void *record, struct arena *arena)
{
    struct json_object *json = record == NULL ? NULL : write_json(schema, record);

    json_adopt(arena, json);
    return json;
}

static void
drop_equal(const struct field *field, struct json_object *before, struct json_object *after)
{
    if (json_object_equal(json_object_object_get(before, field->name),
            json_object_object_get(after, field->name)) == 0)
        return;
    json_object_object_del(before, field->name);
    json_object_object_del(after, field->name);
}

bool
changed_members(const struct schema *schema, const void *before, const void *after,
    struct arena *arena, struct audit *audit)
{
    struct json_object *old = members(schema, before, arena);
    struct json_object *new = members(schema, after, arena);

    for (size_t i = 0; i < schema->count && old != NULL && new != NULL; i++)
        drop_equal(&schema->fields[i], old, new);
    audit->before = old == NULL ? NULL : json_text(old);
    audit->after = new == NULL ? NULL : json_text(new);
    return old == NULL || new == NULL || json_object_object_length(new) > 0;
}
