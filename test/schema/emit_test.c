#include "schema/emit.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/check.h"
#include "schema/build.h"
#include "schema/yaml.h"

static struct arena arena;
static struct err err;

static struct json_object *
made(struct json_object *json)
{
    json_adopt(&arena, json);
    return json;
}

static struct json_object *
a_value(void)
{
    static const char *const words[] = {"01234567", "1e10", "yes"};
    const struct list list = {words, COUNT(words)};
    struct json_object *items[] = {build_int(-1), build_bool(true), NULL};

    return made(build_object((const struct member[]){
        {"texts", build_texts(&list)},
        {"left out", build_text(NULL)},
        {"items", build_list(items)},
        {"inner", build_object((const struct member[]){{"k", build_text("a \"b\"\n/ é")}, {NULL}})},
        {NULL},
    }));
}

static void
test_json_has_lines(void)
{
    struct json_object *json =
        made(build_object((const struct member[]){{"a/b", build_list_of(build_int(1))}, {NULL}}));

    CHECK_STR("{\n  \"a/b\": [\n    1\n  ]\n}\n", emit_json(json, &arena));
}

static void
test_yaml_quotes_every_text(void)
{
    const char *text;

    CHECK(emit_yaml(a_value(), &arena, &text, &err));
    CHECK_STR("texts:\n- \"01234567\"\n- \"1e10\"\n- \"yes\"\nitems:\n- -1\n- true\ninner:\n"
              "  k: \"a \\\"b\\\"\\n/ é\"\n",
        text);
    CHECK(emit_yaml(NULL, &arena, &text, &err));
    CHECK_STR("null\n", text);
    CHECK(emit_yaml(made(json_object_new_array()), &arena, &text, &err));
    CHECK_STR("[]\n", text);
}

static void
test_yaml_is_read_again_as_it_was(void)
{
    char path[] = "/tmp/tracegate-yaml-XXXXXX";
    int fd = mkstemp(path);
    struct json_object *again;
    const char *text;

    CHECK(emit_yaml(a_value(), &arena, &text, &err));
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    CHECK(yaml_read(path, &arena, &again, &err));
    close(fd);
    unlink(path);
    json_object_object_del(again, YAML_LINE);
    json_object_object_del(json_object_object_get(again, "inner"), YAML_LINE);
    CHECK_STR(json_text(a_value()), json_text(again));
}

static void
test_what_is_no_text_is_no_yaml(void)
{
    const char *text;

    CHECK(!emit_yaml(made(build_list_of(json_object_new_string("\xff"))), &arena, &text, &err));
    CHECK_INT(ERR_INTERNAL, err.code);
    CHECK(!emit_yaml(made(build_object((const struct member[]){{"\xff", build_int(1)}, {NULL}})),
        &arena, &text, &err));
    CHECK_INT(ERR_INTERNAL, err.code);
}

int
main(void)
{
    test_json_has_lines();
    test_yaml_quotes_every_text();
    test_yaml_is_read_again_as_it_was();
    test_what_is_no_text_is_no_yaml();
    arena_reset(&arena);
    return check_report("schema/emit");
}
