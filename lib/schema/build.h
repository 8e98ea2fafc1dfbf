/*
 * JSON of formats that are not ours: made member by member, where a record would say no more.
 *
 *     build_object((const struct member[]){
 *         {"server", build_text(server)},
 *         {"port", build_int(port)},
 *         {NULL},
 *     });
 *
 * What is given is taken over; the caller owns what is returned.
 */
#ifndef TG_SCHEMA_BUILD_H
#define TG_SCHEMA_BUILD_H

#include "schema/json.h"
#include "schema/schema.h"

struct member {
    const char *key;           /* NULL ends them */
    struct json_object *value; /* NULL: without this member */
};

struct json_object *build_object(const struct member *members);

/* Of these values, up to NULL. */
struct json_object *build_list(struct json_object *const *values);

struct json_object *build_list_of(struct json_object *value);

/* Of a list of `const char *`. */
struct json_object *build_texts(const struct list *texts);

/* NULL for NULL. */
struct json_object *build_text(const char *text);

struct json_object *build_int(int64_t value);
struct json_object *build_bool(bool value);

#endif
