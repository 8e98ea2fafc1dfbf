#include "http/problem.h"

#include <string.h>

#include "base/log.h"

/* What a class of errors is in HTTP, and the header that belongs to it. */
static const struct {
    int status;
    const char *title;
    struct header header; /* name NULL for none */
} classes[ERR_CLASSES] = {
    [CLASS_REFUSED] = {400, "Bad Request"},
    [CLASS_INVALID] = {422, "Unprocessable Content"},
    [CLASS_UNAUTHORIZED] = {401, "Unauthorized", {"WWW-Authenticate", "Bearer"}},
    [CLASS_FORBIDDEN] = {403, "Forbidden"},
    [CLASS_NOT_FOUND] = {404, "Not Found"},
    [CLASS_METHOD] = {405, "Method Not Allowed"}, /* Allow comes from the route table */
    [CLASS_NOT_ACCEPTABLE] = {406, "Not Acceptable"},
    [CLASS_TOO_LARGE] = {413, "Content Too Large"},
    [CLASS_MEDIA_TYPE] = {415, "Unsupported Media Type"},
    [CLASS_CONFLICT] = {409, "Conflict"},
    [CLASS_GONE] = {410, "Gone"},
    [CLASS_RETRY] = {503, "Service Unavailable", {"Retry-After", "0"}},
    [CLASS_UNAVAILABLE] = {503, "Service Unavailable", {"Retry-After", "2"}},
    [CLASS_FULL] = {507, "Insufficient Storage", {"Retry-After", "30"}},
    [CLASS_INTERNAL] = {500, "Internal Server Error"},
};

int
problem_status(enum err_code code)
{
    return classes[err_kinds[code].class].status;
}

static void
add_string(struct json_object *json, const char *key, const char *text)
{
    json_object_object_add(json, key, json_object_new_string(text));
}

/* As the value of a key in a line of the log. */
static const char *
quotable(const char *text, struct arena *arena)
{
    char *copy = arena_strdup(arena, text);

    for (char *at = copy; *at != '\0'; at++) {
        if (*at == '"')
            *at = '\'';
    }
    return copy;
}

static struct json_object *
problem_json(const struct req *req, const struct err *err, struct json_object *faults)
{
    const struct err_kind *kind = &err_kinds[err->code];
    bool ours = kind->class == CLASS_INTERNAL;
    struct json_object *json = json_object_new_object();

    add_string(json, "type", "about:blank");
    add_string(json, "title", classes[kind->class].title);
    json_object_object_add(json, "status", json_object_new_int(classes[kind->class].status));
    add_string(json, "code", kind->code);
    add_string(json, "detail", ours ? kind->sentence : err->detail);
    add_string(json, "request_id", req->turn.actor.request_id);
    if (faults != NULL)
        json_object_object_add(json, "errors", json_object_get(faults));
    return json;
}

/* nginx reads status and headers of what it asks for itself; a body would go to a file
 * (nginx/auth.conf). */
static void
answer_bare(struct req *req, int status)
{
    req->answer.status = status;
    reply_header(req, "Content-Length", "0");
}

void
problem_reply(struct req *req, const struct err *err, struct json_object *faults)
{
    const struct header *header = &classes[err_kinds[err->code].class].header;
    int status = problem_status(err->code);

    req->failed = err->code;
    if (err_kinds[err->code].class == CLASS_INTERNAL)
        log_error("request=%s detail=\"%s\"", req->turn.actor.request_id,
            quotable(err->detail, req->arena));
    if (header->name != NULL)
        reply_header(req, header->name, header->value);
    if (req->route != NULL && req->route->flags & INTERNAL)
        answer_bare(req, status);
    else
        answer_json(req, status, "application/problem+json", problem_json(req, err, faults));
}
