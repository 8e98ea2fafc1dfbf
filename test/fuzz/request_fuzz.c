/* A whole request through the steps that every route shares: line by line method, path, query,
 * media type, scopes, a header, then the body. Whatever it is, there is an answer with a status. */
#include <string.h>

#include "base/str.h"
#include "fuzz/fuzz.h"
#include "http/app.h"
#include "schema/schema.h"

struct thing {
    int64_t number;
    const char *text;
};

static const struct field fields[] = {
    F_INT(struct thing, number, F_REQUIRED, -5, INT64_MAX),
    F_TEXT(struct thing, text, F_NULLABLE, 1, 20),
};
static const struct schema schema = SCHEMA(struct thing, fields);

static bool
show(struct req *req, struct err *err)
{
    const struct thing *thing = req->in != NULL ? req->in : req->in_query;

    (void)err;
    return reply(req, thing != NULL ? thing : &(struct thing){req->args[0].number, "path"});
}

static bool
refuse(struct req *req, struct err *err)
{
    return err_say(err, ERR_CONFLICT, "not %s", req->args[0].text);
}

static const struct route routes[] = {
    {"GET", "", "things:read", show, 200, .query = &schema, .answer = &schema},
    {"POST", "", "things:write", show, 201, .body = &schema, .answer = &schema},
    {"GET", "/{id:int}", "things:read", show, 200, .answer = &schema},
    {"PUT", "/{id:uuid}/name", "things:rw", refuse, 200, .body = &schema},
    {"DELETE", "/{name}", "", refuse, 204},
};

static const struct app app = {"things", "/things", routes, COUNT(routes)};

static const char *
header(const struct req *req, const char *name)
{
    const char *line = req->wire;

    return str_eq(name, "X-Request-Id") ? line : NULL;
}

static char *
next_line(char **text)
{
    return strsep(text, "\n");
}

static const char *
or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    char *text = arena_alloc(&arena, size + 1), *end = text + size;

    if (size > 0)
        memcpy(text, data, size);
    struct req req = {.arena = &arena, .header = header, .started_at = time_monotonic()};
    struct db db;
    db_init(&db, "host=/nonexistent");
    db_turn(&db, &arena);
    req.turn.db = &db;
    req.turn.arena = &arena;
    req.method = or_empty(next_line(&text));
    req.path = or_empty(next_line(&text));
    req.query_text = or_empty(next_line(&text));
    req.content_type = or_empty(next_line(&text));
    req.turn.actor.scopes = or_empty(next_line(&text));
    req.turn.actor.token_name = "fuzz";
    req.turn.actor.token_id = "00000000-0000-0000-0000-000000000000";
    req.turn.actor.request_id = "fuzz";
    req.wire = next_line(&text);
    req.body = text;
    req.body_size = text == NULL ? 0 : (size_t)(end - text);
    app_serve(&app, &req);
    FUZZ_PROMISE(req.answer.status >= 200 && req.answer.status < 600);
    app_finish(&req);
    db_free(&db);
    arena_reset(&arena);
    return 0;
}
