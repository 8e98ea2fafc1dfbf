/* JSONTestSuite, whole; and bodies that are larger or deeper than any of it. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/str.h"
#include "crypto/base64.h"
#include "harness/check.h"
#include "schema/json.h"
#include "schema/read.h"

static struct arena arena;

/* RFC 8259 lets a reader choose its limits; this one also refuses what PostgreSQL cannot store. */
static const char *const refused_by_choice[] = {
    "y_object_escaped_null_in_key", "y_string_null_escape"};

static bool
reads(const char *data, size_t size)
{
    struct arena own = {0};
    struct json_object *json;
    bool taken = json_read(&own, data, size, &json);

    arena_reset(&own);
    return taken;
}

static char *
repeat(const char *unit, size_t size, size_t count)
{
    char *text = arena_alloc(&arena, size * count + 1);

    for (size_t i = 0; i < count; i++)
        memcpy(text + i * size, unit, size);
    return text;
}

/* -- the suite ----------------------------------------------------------------------------- */

static bool
is_choice(const char *name)
{
    for (size_t i = 0; i < COUNT(refused_by_choice); i++) {
        if (str_eq(refused_by_choice[i], name))
            return true;
    }
    return *name == 'i';
}

/* A row: name, how often its bytes repeat, the bytes in base64, y or n. */
static void
try_row(char *row)
{
    const char *name = strsep(&row, "\t");
    size_t count = strtoul(strsep(&row, "\t"), NULL, 10);
    const char *base64 = strsep(&row, "\t");
    size_t size, room = strlen(base64);
    char *bytes = arena_alloc(&arena, room + 1);

    if (!base64_read(BASE64_STD, base64, bytes, room, &size) || (*row != 'y' && *row != 'n')) {
        check_failed(name, "is no row");
        return;
    }
    if (*row != *name && !is_choice(name))
        check_failed(name, "the file promises what no reader of JSON does");
    else if (reads(repeat(bytes, size, count), size * count) == (*row == 'y'))
        check_passed();
    else
        check_failed(name, "is %s", *row == 'y' ? "refused" : "taken");
}

static void
test_the_whole_suite(void)
{
    char *text, *line;
    size_t size, rows = 0;
    struct err err;

    if (!fs_read("test/golden/json_suite.tsv", 1 << 20, &arena, &text, &size, &err)) {
        check_failed(CHECK_PLACE, "%s", err.detail);
        return;
    }
    while ((line = strsep(&text, "\n")) != NULL) {
        if (*line == '#' || *line == '\0')
            continue;
        try_row(line);
        rows++;
    }
    CHECK_INT(318, (long long)rows);
}

/* -- large and deep ------------------------------------------------------------------------ */

/* Bytes of the heap that are in use, json-c's included. */
static size_t
heap(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* What is refused has cost little: memory that is in proportion to the text. */
static void
check_refused(const char *title, const char *data, size_t size)
{
    size_t before = heap();
    struct reader reader = {.arena = &arena, .source = SOURCE_BODY};
    struct json_object *json;

    if (read_document(&reader, data, size, &json))
        check_failed(title, "is taken");
    else if (heap() - before > 64 * 1024)
        check_failed(title, "leaves %zu bytes", heap() - before);
    else
        check_passed();
}

static void
test_depth_has_a_limit(void)
{
    static const char *const units[] = {"[", "{\"a\":", "[[", "[{\"a\":"};

    for (size_t i = 0; i < COUNT(units); i++)
        check_refused(
            units[i], repeat(units[i], strlen(units[i]), 10000), 10000 * strlen(units[i]));
}

/* A million keys that the schema does not know: the record is read, the rest is passed over. */
struct one {
    int64_t a;
};

static void
test_a_million_unknown_keys_are_passed_over(void)
{
    static const struct field fields[] = {F_INT(struct one, a, F_REQUIRED, 1, 9)};
    static const struct schema schema = SCHEMA(struct one, fields);
    struct reader reader = {.arena = &arena, .source = SOURCE_BODY};
    char *text = arena_alloc(&arena, 16 << 20), *at = text;
    struct json_object *json;
    struct one *one = schema_new(&schema, &arena);

    at += snprintf(at, 24, "{");
    for (int i = 0; i < 1000000; i++)
        at += snprintf(at, 24, "\"k%d\":1,", i);
    at += snprintf(at, 24, "\"a\":7}");
    CHECK(read_document(&reader, text, (size_t)(at - text), &json));
    read_json(&reader, &schema, json, one);
    CHECK(reader.faults == NULL);
    CHECK_INT(7, one->a);
}

static void
test_a_string_of_900_kib_is_one_fault(void)
{
    static const struct field fields[] = {F_INT(struct one, a, F_REQUIRED, 1, 9)};
    static const struct schema schema = SCHEMA(struct one, fields);
    struct reader reader = {.arena = &arena, .source = SOURCE_BODY};
    char *text = repeat("x", 1, 900 * 1024 + 32);
    struct json_object *json;

    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + 6 + 900 * 1024, "\"}", 3);
    CHECK(read_document(&reader, text, strlen(text), &json));
    read_json(&reader, &schema, json, schema_new(&schema, &arena));
    CHECK(reader.faults != NULL && json_object_array_length(reader.faults) == 1);
}

int
main(void)
{
    test_the_whole_suite();
    test_depth_has_a_limit();
    test_a_million_unknown_keys_are_passed_over();
    test_a_string_of_900_kib_is_one_fault();
    arena_reset(&arena);
    return check_report("schema/suite");
}
