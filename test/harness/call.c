#include "harness/call.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "harness/wire.h"
#include "schema/json.h"

enum {
    NEXT_SIZE = 512
};

static struct json_object *
parse(const char *text, struct arena *arena)
{
    struct json_object *json = text == NULL ? NULL : json_tokener_parse(text);

    json_adopt(arena, json);
    return json;
}

static bool contains(struct json_object *have, struct json_object *want);

static bool
object_contains(struct json_object *have, struct json_object *want)
{
    json_object_object_foreach(want, key, value)
    {
        struct json_object *other;

        if (!json_object_object_get_ex(have, key, &other) || !contains(other, value))
            return false;
    }
    return true;
}

static bool
array_contains(struct json_object *have, struct json_object *want)
{
    if (json_object_array_length(have) != json_object_array_length(want))
        return false;
    for (size_t i = 0; i < json_object_array_length(want); i++) {
        if (!contains(json_object_array_get_idx(have, i), json_object_array_get_idx(want, i)))
            return false;
    }
    return true;
}

static bool
contains(struct json_object *have, struct json_object *want)
{
    if (json_object_get_type(have) != json_object_get_type(want))
        return false;
    switch (json_object_get_type(want)) {
    case json_type_object:
        return object_contains(have, want);
    case json_type_array:
        return array_contains(have, want);
    default:
        return json_object_equal(have, want) != 0;
    }
}

/* -- one call ------------------------------------------------------------------------------ */

static const char *
find_header(const struct req *req, const char *name)
{
    for (size_t i = 0; i < req->answer.header_count; i++) {
        if (str_eq(req->answer.headers[i].name, name))
            return req->answer.headers[i].value;
    }
    return "";
}

static bool
has_header(const struct req *req, const char *line)
{
    size_t name = strcspn(line, ":");

    return str_eq(find_header(req, arena_printf(req->arena, "%.*s", (int)name, line)),
        line + name + strlen(": "));
}

static const char *
sent_header(const struct req *req, const char *name)
{
    const char *line = req->wire;
    size_t length = strlen(name);

    if (line == NULL || strncasecmp(line, name, length) != 0 || line[length] != ':')
        return NULL;
    return line + length + strlen(": ");
}

static void
prepare(const struct call *call, const char *next, struct req *req)
{
    struct json_object *body = parse(call->body, req->arena);
    char *path = arena_strdup(req->arena, str_eq(call->path, CALL_NEXT) ? next : call->path);
    char *query = strchr(path, '?');

    if (query != NULL)
        *query++ = '\0';
    req->method = call->method;
    req->path = path;
    req->query_text = query == NULL ? "" : query;
    req->body = body != NULL ? json_text(body) : call->body != NULL ? call->body : "";
    req->body_size = strlen(req->body);
    req->content_type = call->type == NULL ? "application/json" : call->type;
    req->turn.actor.scopes = call->scopes == NULL ? "*" : call->scopes;
    req->turn.actor.token_name = call->scopes == NULL ? "bootstrap" : "test";
    if (str_eq(req->turn.actor.scopes, "none"))
        req->turn.actor.token_name = NULL;
    req->turn.actor.token_id = "00000000-0000-0000-0000-000000000000";
    req->turn.actor.request_id = "test-1";
    req->started_at = time_monotonic();
    req->header = sent_header;
    req->wire = call->send == NULL ? NULL : arena_strdup(req->arena, call->send);
}

static void
check_answer(const struct call *call, const struct req *req)
{
    const struct answer *answer = &req->answer;
    const char *data = answer->type == NULL ? NULL : answer->data;

    if (answer->status != call->status ||
        !contains(parse(data, req->arena), parse(call->reply, req->arena)))
        check_failed(call->title, "want %d %s\n  have %d %s", call->status,
            call->reply == NULL ? "" : call->reply, answer->status, data == NULL ? "" : data);
    else if (call->header != NULL && !has_header(req, call->header))
        check_failed(call->title, "no header %s", call->header);
    else
        check_passed();
}

static void
run_sql(const struct call *call, struct db *db)
{
    const struct query query = {.name = "sql", .sql = call->path, .plan = PLAN_CUSTOM};
    struct arena arena = {0};
    struct err err;

    db_turn(db, &arena);
    if (!db_exec(db, &query, DB_NO_ARGS, NULL, &err))
        check_failed(call->title, "%s", err.detail);
    arena_reset(&arena);
}

/* Fills `next` with the target of the Link header. */
static void
run_call(const struct app *app, const struct call *call, const struct settings *settings,
    struct db *db, char next[NEXT_SIZE])
{
    struct arena arena = {0};
    struct req req = {.arena = &arena,
        .turn.db = db,
        .turn.settings = settings,
        .turn.catalog = &fixture_catalog};

    prepare(call, next, &req);
    if (wire_is_there())
        wire_serve(app, call, settings, &req);
    else
        app_serve(app, &req);
    check_answer(call, &req);
    const char *link = find_header(&req, "Link");
    snprintf(
        next, NEXT_SIZE, "%.*s", (int)strcspn(link, ">") - (*link == '<'), link + (*link == '<'));
    app_finish(&req);
}

void
run_calls_under(const struct app *app, const struct call *calls, size_t count,
    const struct settings *settings, struct db *db)
{
    char next[NEXT_SIZE] = "";

    for (size_t i = 0; i < count; i++) {
        if (str_eq(calls[i].method, CALL_SQL))
            run_sql(&calls[i], db);
        else
            run_call(app, &calls[i], settings, db, next);
    }
}

void
run_calls_on(const struct app *app, const struct call *calls, size_t count, struct db *db)
{
    struct settings settings;

    fixture_settings(&settings);
    run_calls_under(app, calls, count, &settings, db);
}

void
run_calls(const struct app *app, const struct call *calls, size_t count)
{
    struct db db;

    database_init(&db);
    run_calls_on(app, calls, count, &db);
    db_free(&db);
}
