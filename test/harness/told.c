#include "harness/told.h"

#include "schema/write.h"
#include "settings/table.h"

/* A number that a test leaves 0 has its default. */
static bool
is_set(const struct setting *setting, const struct settings *settings)
{
    const struct field *field = &setting->field;
    const int64_t *number = (const void *)((const char *)settings + field->offset);

    return (setting->programs & PROGRAM_HANDLER) != 0 &&
        (field->type != FIELD_INT || (*number >= field->min && *number <= field->max));
}

struct json_object *
told_json(const struct settings *settings)
{
    struct field fields[64];
    struct schema schema = {.size = sizeof(*settings), .fields = fields, .present = -1};

    for (size_t i = 0; i < settings_count && schema.count < COUNT(fields); i++) {
        if (is_set(&settings_table[i], settings))
            fields[schema.count++] = settings_table[i].field;
    }
    return write_json(&schema, settings);
}
