#include "http/routes.h"

#include <string.h>

#include "base/str.h"
#include "harness/check.h"

struct thing {
    const char *name;
    int color;
    struct list ids; /* int64_t */
};

static const char *const colors[] = {"red", "green", NULL};
static const struct field id_item = {.type = FIELD_INT, .min = 1, .max = 9};

static const struct field thing_fields[] = {
    F_TEXT(struct thing, name, F_REQUIRED | F_NULLABLE, 2, 4),
    F_ENUM(struct thing, color, F_OPTIONAL, colors),
    F_LIST(struct thing, ids, F_REQUIRED, &id_item, 1),
};
static const struct schema thing_schema = SCHEMA(struct thing, thing_fields);

static bool
run(struct req *req, struct err *err)
{
    (void)req; /* nothing is served here */
    (void)err;
    return false;
}

static const struct route routes[] = {
    {"GET", "", "things:read", run, 200, LIST, .answer = &thing_schema},
    {"POST", "/{id:int}", "things:write things:rw", run, 201, WRITES | SECRET,
        .body = &thing_schema, .answer = &thing_schema, .again = run,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_BUNDLE)},
    {"GET", "/check", "", run, 204, INTERNAL, .query = &thing_schema},
};
static const struct app app = {"things", "/things", routes, COUNT(routes)};

/* What the description of route `index` has at `key`, as text. */
static void
check_member(struct json_object *json, size_t index, const char *key, const char *want)
{
    struct json_object *list, *value;

    CHECK(json_object_object_get_ex(json, "routes", &list));
    CHECK(json_object_object_get_ex(json_object_array_get_idx(list, index), key, &value));
    CHECK_STR(want, value == NULL ? "null" : json_text(value));
}

static void
test_the_table_is_told_row_by_row(struct json_object *json)
{
    struct json_object *name, *list;

    CHECK(json_object_object_get_ex(json, "app", &name));
    CHECK_STR("things", json_object_get_string(name));
    CHECK(json_object_object_get_ex(json, "routes", &list));
    CHECK_INT(COUNT(routes), (long long)json_object_array_length(list));
    check_member(json, 0, "method", "\"GET\"");
    check_member(json, 0, "path", "\"/things\"");
    check_member(json, 0, "flags", "[\"list\"]");
    check_member(json, 0, "query", "null");
    check_member(json, 0, "errors", "[]");
    check_member(json, 1, "path", "\"/things/{id:int}\"");
    check_member(json, 1, "scopes", "\"things:write things:rw\"");
    check_member(json, 1, "status", "201");
    check_member(json, 1, "flags", "[\"writes\",\"secret\"]");
    check_member(json, 2, "flags", "[\"internal\"]");
    check_member(json, 2, "answer", "null");
}

static void
test_its_errors_have_status_and_sentence(struct json_object *json)
{
    check_member(json, 1, "errors",
        "[{\"status\":404,\"code\":\"user_not_found\",\"detail\":\"User not found\"},"
        "{\"status\":409,\"code\":\"bundle\",\"detail\":\"The bundle cannot be used\"}]");
}

static void
test_its_records_are_json_schema(struct json_object *json)
{
    check_member(json, 1, "body",
        "{\"title\":\"thing\",\"type\":\"object\",\"properties\":{"
        "\"name\":{\"type\":[\"string\",\"null\"],\"pattern\":\"^[^\\\\u0000-\\\\u001f\\\\u007f-"
        "\\\\u009f\\\\u061c\\\\u200e\\\\u200f\\\\u202a-\\\\u202e\\\\u2066-\\\\u2069]*$\","
        "\"minLength\":2,\"maxLength\":4},"
        "\"color\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"]},"
        "\"ids\":{\"type\":\"array\",\"minItems\":1,\"items\":"
        "{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":1,\"maximum\":9}}},"
        "\"required\":[\"name\",\"ids\"]}");
}

int
main(void)
{
    struct json_object *json = routes_json(&app);

    test_the_table_is_told_row_by_row(json);
    test_its_errors_have_status_and_sentence(json);
    test_its_records_are_json_schema(json);
    json_object_put(json);
    return check_report("http/routes");
}
