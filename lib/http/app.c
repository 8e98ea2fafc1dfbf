#include "http/app.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "domain/scopes.h"
#include "http/actor.h"
#include "http/count.h"
#include "http/idempotency.h"
#include "http/input.h"
#include "http/problem.h"
#include "http/route.h"

#define RETRY_USEC (10 * USEC_MS) /* doubled each time, is what a pause is less than */

enum {
    RETRIES_MAX = 3
};

/* -- the token and the body's type --------------------------------------------------------- */

static bool
check_token(struct req *req, struct err *err)
{
    const char *required = req->route->scopes;

    if (*required == '\0')
        return true;
    if (req->app->admit != NULL)
        return req->app->admit(req, err);
    if (req->turn.actor.token_name == NULL)
        return err_set(err, ERR_TOKEN);
    if (!scopes_cover(req->turn.actor.scopes, required))
        return err_say(err, ERR_SCOPE, "Insufficient API token scope, required: %s", required);
    return true;
}

static bool
check_size(const struct req *req, struct err *err)
{
    return req->body_size <= app_body_max(req->app) || err_set(err, ERR_TOO_LARGE);
}

/* A charset that says what JSON is anyway may stand there; other parameters mean nothing. */
static bool
is_json_type(const char *type)
{
    static const char json[] = "application/json";
    size_t length = strcspn(type, "; \t");
    const char *charset = strcasestr(type + length, "charset=");

    if (length != strlen(json) || strncasecmp(type, json, length) != 0)
        return false;
    if (charset == NULL)
        return true;
    charset += strlen("charset=");
    charset += *charset == '"';
    length = strcspn(charset, "\"; \t");
    return length == strlen("utf-8") && strncasecmp(charset, "utf-8", length) == 0;
}

static bool
check_media_type(const struct req *req, struct err *err)
{
    const char *encoding = req_header(req, "Content-Encoding");

    if (req->route->body == NULL)
        return true;
    if (*encoding != '\0' && strcasecmp(encoding, "identity") != 0)
        return err_say(err, ERR_MEDIA_TYPE, "The body must not be encoded");
    return *req->content_type == '\0' || is_json_type(req->content_type) ||
        err_set(err, ERR_MEDIA_TYPE);
}

/* -- the route, as often as it takes ------------------------------------------------------- */

static bool
run_once(struct req *req, struct err *err)
{
    return actor_check(req, err) && req->route->run(req, err);
}

static bool
attempt(struct req *req, struct err *err)
{
    return req->idempotency_key != NULL ? idempotency_run(req, run_once, err) : run_once(req, err);
}

static usec_t
deadline_of(const struct req *req)
{
    unsigned limit = req->app->request_ms == 0 ? REQUEST_MS : req->app->request_ms;

    return req->started_at + limit * USEC_MS;
}

/* A little, so that those who collided do not meet again; false when there is no time for another
 * try that takes as long. */
static bool
wait_a_little(const struct req *req, unsigned tries, usec_t took)
{
    usec_t pause = time_monotonic() % (RETRY_USEC << tries);
    struct timespec time = {.tv_nsec = pause * 1000};

    if (time_monotonic() + pause + took >= deadline_of(req))
        return false;
    nanosleep(&time, NULL);
    return true;
}

/* On CLASS_RETRY the whole function runs again. A failure leaves nothing behind. */
static bool
run(struct req *req, struct err *err)
{
    const struct answer before = req->answer;

    for (unsigned tries = 0;; tries++) {
        usec_t started = time_monotonic();

        if (attempt(req, err))
            return true;
        req->answer = before;
        if (req->turn.db != NULL)
            db_rollback(req->turn.db);
        if (err_kinds[err->code].class != CLASS_RETRY || tries == RETRIES_MAX ||
            !wait_a_little(req, tries, time_monotonic() - started))
            return false;
    }
}

/* What was sent may have taken all the time to read: then nothing is begun. Where there is no
 * database, nobody waits that long for us to care. */
static bool
check_time(const struct req *req, struct err *err)
{
    return req->turn.db == NULL || time_monotonic() < deadline_of(req) || err_set(err, ERR_LATE);
}

/* -- all of it ----------------------------------------------------------------------------- */

static bool
is_request_id(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789._-";
    size_t length = strlen(text);

    return length >= 1 && length <= 128 && strspn(text, allowed) == length;
}

static void
begin(const struct app *app, struct req *req)
{
    req->app = app;
    if (req->turn.actor.request_id == NULL || !is_request_id(req->turn.actor.request_id)) {
        char *id = arena_alloc(req->arena, REQUEST_ID_SIZE);
        request_id_make(id);
        req->turn.actor.request_id = id;
    }
    reply_header(req, "X-Request-Id", req->turn.actor.request_id);
    req->turn.arena = req->arena;
    if (req->turn.db == NULL)
        return;
    db_turn(req->turn.db, req->arena);
    req->turn.db->deadline = deadline_of(req);
}

void
app_serve(const struct app *app, struct req *req)
{
    struct reader reader = {.arena = req->arena};
    struct err err = {0};

    begin(app, req);
    bool done = input_well_formed(req, &err) && route_find(req, &err) && check_size(req, &err) &&
        check_token(req, &err) && check_media_type(req, &err) && input_read(req, &reader, &err) &&
        check_time(req, &err) && run(req, &err);
    if (!done) {
        input_blame(req, &err, &reader);
        problem_reply(req, &err, reader.faults);
    }
    if (req->route != NULL && req->route->flags & SECRET)
        reply_header(req, "Cache-Control", "no-store");
}

void
app_finish(struct req *req)
{
    bool wake = req->route != NULL && req->route->flags & WRITES && req->answer.status < 300;
    struct db *db = req->turn.db;

    if (db != NULL)
        db->deadline = 0;    /* nobody waits any more */
    arena_reset(req->arena); /* the request itself may live there */
    if (wake && db != NULL)
        db_wake(db);
}

void
app_log(const struct req *req)
{
    count_request(req);
    if (req->route != NULL && req->route->flags & INTERNAL && req->failed == ERR_NONE)
        return; /* the request that nginx asked for has a line of its own */
    log_info("request=%s method=%s route=%s%s status=%d%s%s ms=%.1f", req->turn.actor.request_id,
        req->method, req->app->prefix, req->route == NULL ? "?" : req->route->path,
        req->answer.status, req->failed == ERR_NONE ? "" : " code=",
        req->failed == ERR_NONE ? "" : err_kinds[req->failed].code,
        (double)(time_monotonic() - req->started_at) / (double)USEC_MS);
}

size_t
app_body_max(const struct app *app)
{
    return app->body_max == 0 ? BODY_MAX : app->body_max;
}

const char *
req_header(const struct req *req, const char *name)
{
    const char *value = req->header == NULL ? NULL : req->header(req, name);

    return value == NULL ? "" : value;
}
