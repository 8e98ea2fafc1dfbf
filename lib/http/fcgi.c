#include "http/fcgi.h"

#include <ctype.h>
#include <fcgiapp.h>
#include <malloc.h>
#include <stdlib.h>

#include "base/str.h"
#include "http/count.h"
#include "metrics/metrics.h"

enum {
    TRIM_EVERY = 256 /* requests: what they left in the heap goes back to the system */
};

struct worker {
    const struct app *app;
    struct turn turn; /* that those of its requests start from */
    void *state;
    struct gate *gate;
};

static const char *
param(const FCGX_Request *fcgi, const char *name)
{
    const char *value = FCGX_GetParam(name, fcgi->envp);

    return value == NULL ? "" : value;
}

/* nginx gives a parameter that has no value as empty text. */
static const char *
param_or_null(const FCGX_Request *fcgi, const char *name)
{
    const char *value = param(fcgi, name);

    return *value == '\0' ? NULL : value;
}

/* The length is announced by nginx, which has the whole body before it asks us. */
static void
read_body(const FCGX_Request *fcgi, const struct app *app, struct req *req)
{
    long length = strtol(param(fcgi, "CONTENT_LENGTH"), NULL, 10);

    req->body_size = (size_t)length;
    if (length < 0 || req->body_size > app_body_max(app))
        return;
    char *body = arena_alloc(req->arena, (size_t)length + 1);
    if (FCGX_GetStr(body, (int)length, fcgi->in) != length)
        return;
    req->body = body;
}

static void
write_answer(const FCGX_Request *fcgi, const struct req *req)
{
    const struct answer *answer = &req->answer;

    FCGX_FPrintF(fcgi->out, "Status: %d\r\n", answer->status);
    for (size_t i = 0; i < answer->header_count; i++)
        FCGX_FPrintF(fcgi->out, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
    if (answer->type != NULL)
        FCGX_FPrintF(fcgi->out, "Content-Type: %s\r\nContent-Length: %lu\r\n", answer->type,
            (unsigned long)answer->size);
    FCGX_PutS("\r\n", fcgi->out);
    if (!str_eq(req->method, "HEAD"))
        FCGX_PutStr(answer->data, (int)answer->size, fcgi->out);
}

/* nginx could send the next request before it sees that the connection is closed. It does not keep
 * one that brought more than was announced, and drops the rest. */
static void
leave_if_draining(FCGX_Request *fcgi, const struct gate *gate)
{
    if (!fcgi->keepConnection || !gate_draining(gate))
        return;
    FCGX_PutChar('\n', fcgi->out);
    fcgi->keepConnection = 0;
}

static void
give_back(FCGX_Request *fcgi, struct gate *gate)
{
    int fd = fcgi->ipcFd;

    fcgi->ipcFd = -1;
    if (fd < 0)
        gate_forget(gate);
    else
        gate_keep(gate, fd);
}

/* Read to its end, so that nothing of it is taken for the next one on a kept connection. */
static void
finish(FCGX_Request *fcgi, struct gate *gate)
{
    while (FCGX_GetChar(fcgi->in) != EOF)
        ;
    FCGX_Finish_r(fcgi);
    give_back(fcgi, gate);
}

/* nginx hands a few headers on, as HTTP_X_SOMETHING. */
static const char *
find_header(const struct req *req, const char *name)
{
    char *key = arena_printf(req->arena, "HTTP_%s", name);

    for (char *at = key; *at != '\0'; at++)
        *at = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
    return FCGX_GetParam(key, ((const FCGX_Request *)req->wire)->envp);
}

static void
answer(FCGX_Request *fcgi, const struct worker *worker)
{
    struct arena arena = {0};
    const char *token_id = param_or_null(fcgi, "TG_TOKEN_ID");
    struct req req = {
        .arena = &arena,
        .started_at = time_monotonic(),
        .turn = worker->turn,
        .state = worker->state,
        .header = find_header,
        .wire = fcgi,
        .method = param(fcgi, "REQUEST_METHOD"),
        .path = param(fcgi, "SCRIPT_NAME"),
        .query_text = param(fcgi, "QUERY_STRING"),
        .content_type = param(fcgi, "CONTENT_TYPE"),
    };

    req.turn.actor = (struct actor){
        .token_id = token_id,
        .token_name = token_id == NULL ? NULL : param(fcgi, "TG_TOKEN_NAME"), /* one may be blank */
        .scopes = param(fcgi, "TG_SCOPES"),
        .request_id = param_or_null(fcgi, "TG_REQUEST_ID"),
    };
    count_busy(worker->app, &worker->turn, 1);
    read_body(fcgi, worker->app, &req);
    app_serve(worker->app, &req);
    write_answer(fcgi, &req);
    leave_if_draining(fcgi, worker->gate);
    app_log(&req);
    finish(fcgi, worker->gate); /* nginx has the answer; params are gone with it */
    app_finish(&req);
    count_busy(worker->app, &worker->turn, 0);
}

/* libfcgi would accept connections itself and hold the one that is kept. It is given ours instead,
 * as one that it has kept, and no socket to accept another from when that is at its end or broken.
 * To be detached means to close at once, not when nginx has closed its end. */
static void
serve(FCGX_Request *fcgi, int fd, const struct worker *worker)
{
    FCGX_InitRequest(fcgi, -1, FCGI_FAIL_ACCEPT_ON_INTR);
    fcgi->ipcFd = fd;
    fcgi->keepConnection = 1;
    FCGX_Detach(fcgi); /* does nothing while there is no connection */
    if (FCGX_Accept_r(fcgi) == 0)
        answer(fcgi, worker);
    else
        give_back(fcgi, worker->gate);
}

static void
serve_all(const struct worker *worker)
{
    FCGX_Request fcgi;
    unsigned served = 0;

    for (int fd; (fd = gate_next(worker->gate)) >= 0;) {
        serve(&fcgi, fd, worker);
        if (++served % TRIM_EVERY == 0)
            malloc_trim(0);
    }
}

void
fcgi_serve(const struct app *app, const struct turn *turn, struct gate *gate)
{
    struct arena arena = {0};
    struct db db = *turn->db;
    struct worker worker = {.app = app, .turn = *turn, .gate = gate};

    worker.turn.db = &db;
    worker.turn.metrics = count_open(app, turn->settings);
    count_queries(&db, worker.turn.metrics);
    worker.state = app->open == NULL ? NULL : app->open(turn->settings, &arena);
    count_worker(app, &worker.turn, 1);
    serve_all(&worker);
    count_worker(app, &worker.turn, 0);
    db_free(&db);
    metrics_free(worker.turn.metrics);
    arena_reset(&arena);
}
