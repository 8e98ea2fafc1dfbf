#include "harness/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/fixture.h"
#include "harness/told.h"
#include "schema/write.h"

bool
wire_is_there(void)
{
    return getenv("TEST_WIRE") != NULL;
}

static int
descriptor(void)
{
    return (int)strtol(getenv("TEST_WIRE"), NULL, 10);
}

static FILE *
answers(void)
{
    static FILE *file;

    if (file == NULL)
        file = fdopen(descriptor(), "r");
    return file;
}

/* -- the request --------------------------------------------------------------------------- */

static struct json_object *
catalog_json(const struct catalog *catalog)
{
    const struct sni *names = catalog->names.at;
    struct json_object *json = json_object_new_array();

    for (size_t i = 0; i < catalog->names.count; i++)
        json_object_array_add(json, write_json(&sni_schema, &names[i]));
    return json;
}

static void
add_text(struct json_object *json, const char *name, const char *text)
{
    json_object_object_add(json, name, text == NULL ? NULL : json_object_new_string(text));
}

static void
ask(const struct call *call, const struct settings *settings, const struct req *req)
{
    struct json_object *json = json_object_new_object();
    const char *query = *req->query_text == '\0' ? "" : "?";

    add_text(json, "app", req->app->name);
    add_text(json, "database", req->turn.db->conninfo);
    add_text(json, "title", call->title);
    add_text(json, "method", req->method);
    add_text(json, "path", arena_printf(req->arena, "%s%s%s", req->path, query, req->query_text));
    add_text(json, "body", call->body == NULL ? NULL : req->body);
    add_text(json, "type", req->content_type);
    add_text(json, "scopes", req->turn.actor.scopes);
    add_text(json, "send", call->send);
    json_object_object_add(json, "settings", told_json(settings));
    json_object_object_add(json, "catalog", catalog_json(req->turn.catalog));
    dprintf(descriptor(), "%s\n", json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN));
    json_object_put(json);
}

/* -- the answer ---------------------------------------------------------------------------- */

static const char *
text_of(struct req *req, struct json_object *json)
{
    return json == NULL ? NULL : arena_strdup(req->arena, json_object_get_string(json));
}

static void
take(struct req *req, struct json_object *json)
{
    struct answer *answer = &req->answer;
    struct json_object *headers = json_object_object_get(json, "headers");

    answer->status = json_object_get_int(json_object_object_get(json, "status"));
    answer->data = text_of(req, json_object_object_get(json, "body"));
    answer->size = answer->data == NULL ? 0 : strlen(answer->data);
    answer->type = text_of(req, json_object_object_get(json, "type"));
    json_object_object_foreach(headers, name, value)
        reply_header(req, arena_strdup(req->arena, name), text_of(req, value));
}

void
wire_serve(const struct app *app, const struct call *call, const struct settings *settings,
    struct req *req)
{
    char *line = NULL;
    size_t size = 0;

    req->app = app;
    ask(call, settings, req);
    if (answers() == NULL || getline(&line, &size, answers()) <= 0) {
        fputs("nobody at the other end of TEST_WIRE\n", stderr);
        exit(EXIT_FAILURE);
    }
    struct json_object *json = json_tokener_parse(line);
    take(req, json);
    json_object_put(json);
    free(line);
}
