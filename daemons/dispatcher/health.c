#include "dispatcher/health.h"

#include "http/server.h"

struct health {
    const char *status;
};

static const struct field health_fields[] = {
    F_TEXT(struct health, status, F_REQUIRED, 1, 16),
};

static const struct schema health_schema = SCHEMA(struct health, health_fields);

static bool
show_live(struct req *req, struct err *err)
{
    (void)err;
    return reply(req, &(struct health){"ok"});
}

static bool
show_ready(struct req *req, struct err *err)
{
    bool ready = dispatcher_ready(req->state);

    (void)err;
    reply(req, &(struct health){ready ? "ok" : "unready"});
    req->answer.status = ready ? 200 : 503;
    return true;
}

static bool
show_metrics(struct req *req, struct err *err)
{
    size_t size;
    const char *text = meters_text(req->state, req->arena, &size);

    (void)err;
    return reply_bytes(req, METRICS_TYPE, text, size);
}

static const struct route routes[] = {
    {"GET", "/live", "", show_live, 200, .answer = &health_schema},
    {"GET", "/ready", "", show_ready, 200, .answer = &health_schema},
    {"GET", "/metrics", "", show_metrics, 200},
};

static const struct app health_app = {"dispatcher", "", routes, COUNT(routes)};
static const struct app *const apps[] = {&health_app, NULL};

bool
health_open(struct dispatcher *dispatcher, struct err *err)
{
    const struct settings *settings = dispatcher->settings;
    const struct server_options options = {
        .apps = apps,
        .state = dispatcher,
        .turn.settings = settings,
        .host = settings->dispatcher_metrics_host,
        .port = (int)settings->dispatcher_metrics_port,
    };

    return !settings->dispatcher_metrics_enabled ||
        server_open(dispatcher->loop.base, &options, &dispatcher->server, err);
}

void
health_close(struct dispatcher *dispatcher)
{
    server_free(dispatcher->server);
    dispatcher->server = NULL;
}
