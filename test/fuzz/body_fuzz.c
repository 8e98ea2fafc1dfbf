/* A JSON body through a schema with every kind of field. What was read without a fault is written,
 * read again and written again: both texts are the same. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "schema/read.h"
#include "schema/write.h"

struct part {
    const char *id;
    struct opt_int number;
};

struct whole {
    uint64_t present;
    const char *id, *name, *slug, *extra;
    int64_t count;
    struct opt_int parent;
    int color;
    bool active;
    usec_t at;
    struct list numbers, names;
    const struct part *part;
};

static const char *const colors[] = {"red", "green", NULL};
static const struct field number_item = {.type = FIELD_INT, .min = -9, .max = INT64_MAX};
static const struct field name_item = {.type = FIELD_TEXT, .min = 1, .max = 5};

static const struct field part_fields[] = {
    F_UUID(struct part, id, F_REQUIRED),
    F_OPT_INT(struct part, number, F_OPTIONAL, INT64_MIN, INT64_MAX),
};
static const struct schema part_schema = SCHEMA(struct part, part_fields);

static const struct field fields[] = {
    F_UUID(struct whole, id, F_NULLABLE),
    F_TEXT(struct whole, name, F_NULLABLE, 0, 100000),
    F_MATCH(struct whole, slug, F_NULLABLE, 20, "^[a-z]+(-[a-z]+)*$"),
    F_JSON(struct whole, extra, F_NULLABLE),
    F_INT(struct whole, count, F_OPTIONAL, INT64_MIN, INT64_MAX),
    F_OPT_INT(struct whole, parent, F_OPTIONAL, 1, 99),
    F_ENUM(struct whole, color, F_OPTIONAL, colors),
    F_BOOL(struct whole, active, F_OPTIONAL),
    F_TIME(struct whole, at, F_NULLABLE),
    F_LIST(struct whole, numbers, F_OPTIONAL, &number_item, 0),
    F_LIST(struct whole, names, F_OPTIONAL, &name_item, 0),
    F_OBJECT(struct whole, part, struct part, F_NULLABLE, &part_schema),
};
static const struct schema schema = SCHEMA_PATCH(struct whole, fields, NULL);

static const char *
pass(struct arena *arena, const char *text, size_t size)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    void *record = schema_new(&schema, arena);
    struct json_object *json;

    if (!read_document(&reader, text, size, &json))
        return NULL;
    read_json(&reader, &schema, json, record);
    if (reader.faults != NULL) {
        json_text(reader.faults);
        return NULL;
    }
    return write_text(&schema, record, arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char *text = arena_alloc(&arena, size + 1);

    if (size > 0)
        memcpy(text, data, size);
    const char *once = pass(&arena, text, size);
    if (once != NULL) {
        const char *again = pass(&arena, once, strlen(once));
        FUZZ_PROMISE(again != NULL && strcmp(once, again) == 0);
    }
    arena_reset(&arena);
    return 0;
}
