#include "http/fcgi.h"

#include <ctype.h>
#include <fcgiapp.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "http/count.h"
#include "metrics/metrics.h"

enum {
    TRIM_EVERY = 16 /* requests: what they left in the heap goes back to the system */
};

/* Closed, so that the next accept fails too: libfcgi looks at what is pending only after it. */
static void
stop(int signo)
{
    (void)signo; /* the prototype is sigaction's */
    FCGX_ShutdownPending();
    close(STDIN_FILENO);
}

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

/* Closed at once: libfcgi would wait until nginx has read all and closed its end, which is only
 * needed while something of the request is unread, since the answer would be lost with it. */
static void
close_connection(FCGX_Request *fcgi)
{
    while (FCGX_GetChar(fcgi->in) != EOF)
        ;
    FCGX_Detach(fcgi);
    FCGX_Finish_r(fcgi);
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
answer(FCGX_Request *fcgi, const struct app *app, const struct turn *turn, void *state)
{
    struct arena arena = {0};
    struct req req = {
        .arena = &arena,
        .started_at = time_monotonic(),
        .turn = *turn,
        .state = state,
        .header = find_header,
        .wire = fcgi,
        .method = param(fcgi, "REQUEST_METHOD"),
        .path = param(fcgi, "SCRIPT_NAME"),
        .query_text = param(fcgi, "QUERY_STRING"),
        .content_type = param(fcgi, "CONTENT_TYPE"),
    };

    const char *token_id = param_or_null(fcgi, "TG_TOKEN_ID");
    req.turn.actor = (struct actor){
        .token_id = token_id,
        .token_name = token_id == NULL ? NULL : param(fcgi, "TG_TOKEN_NAME"), /* one may be blank */
        .scopes = param(fcgi, "TG_SCOPES"),
        .request_id = param_or_null(fcgi, "TG_REQUEST_ID"),
    };
    count_busy(app, turn, 1);
    read_body(fcgi, app, &req);
    app_serve(app, &req);
    write_answer(fcgi, &req);
    app_log(&req);
    close_connection(fcgi); /* nginx has the answer; params are gone with it */
    app_finish(&req);
    count_busy(app, turn, 0);
}

void
fcgi_serve(const struct app *app, const struct turn *turn)
{
    struct arena arena = {0};
    struct turn own = *turn;
    struct db db = *turn->db;
    FCGX_Request fcgi;

    own.db = &db;
    own.metrics = count_open(app, turn->settings);
    count_queries(&db, own.metrics);
    void *state = app->open == NULL ? NULL : app->open(turn->settings, &arena);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    FCGX_Init();
    FCGX_InitRequest(&fcgi, 0, FCGI_FAIL_ACCEPT_ON_INTR);
    count_worker(app, &own, 1);
    for (unsigned served = 1; FCGX_Accept_r(&fcgi) == 0; served++) {
        answer(&fcgi, app, &own, state);
        if (served % TRIM_EVERY == 0)
            malloc_trim(0);
    }
    count_worker(app, &own, 0);
    FCGX_Free(&fcgi, 0);
    db_free(&db);
    metrics_free(own.metrics);
    arena_reset(&arena);
}
