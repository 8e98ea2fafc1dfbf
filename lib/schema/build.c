#include "schema/build.h"

struct json_object *
build_object(const struct member *members)
{
    struct json_object *object = json_object_new_object();

    for (; members->key != NULL; members++) {
        if (members->value != NULL)
            json_object_object_add(object, members->key, members->value);
    }
    return object;
}

struct json_object *
build_list(struct json_object *const *values)
{
    struct json_object *list = json_object_new_array();

    for (; *values != NULL; values++)
        json_object_array_add(list, *values);
    return list;
}

struct json_object *
build_list_of(struct json_object *value)
{
    struct json_object *values[] = {value, NULL};

    return build_list(values);
}

struct json_object *
build_texts(const struct list *texts)
{
    struct json_object *list = json_object_new_array();
    const char *const *text = texts->at;

    for (size_t i = 0; i < texts->count; i++)
        json_object_array_add(list, build_text(text[i]));
    return list;
}

struct json_object *
build_text(const char *text)
{
    return text == NULL ? NULL : json_object_new_string(text);
}

struct json_object *
build_int(int64_t value)
{
    return json_object_new_int64(value);
}

struct json_object *
build_bool(bool value)
{
    return json_object_new_boolean(value);
}
