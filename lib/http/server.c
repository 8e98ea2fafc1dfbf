#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "crypto/tls.h"

enum {
    IDLE_SECONDS = 75,
    LATER_SECONDS = 30,
    HEADER_BYTES_MAX = 64 << 10,
    BACKLOG = 1024
};

/* One request, in its own arena. */
struct call {
    struct server *server;
    struct evhttp_request *http;
    struct arena arena;
    struct req req;
    struct event *deadline; /* of an answer that comes later */
    LIST_ENTRY(call) link;
};

struct server {
    struct arena arena; /* that it lives in itself */
    struct server_options options;
    struct event_base *base;
    struct evhttp *http;
    struct evhttp_bound_socket *listener; /* NULL once it drains */
    SSL_CTX *tls;
    int port;
    LIST_HEAD(, call) later;
    size_t busy;
};

/* -- the answer ---------------------------------------------------------------------------- */

static void
write_answer(const struct call *call)
{
    const struct answer *answer = &call->req.answer;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(call->http);
    struct evbuffer *body = evhttp_request_get_output_buffer(call->http);

    for (size_t i = 0; i < answer->header_count; i++)
        evhttp_add_header(headers, answer->headers[i].name, answer->headers[i].value);
    if (answer->type != NULL) {
        evhttp_add_header(headers, "Content-Type", answer->type);
        evhttp_add_header(headers, "Content-Length",
            arena_printf(call->req.arena, "%lu", (unsigned long)answer->size));
    }
    if (call->server->listener == NULL)
        evhttp_add_header(headers, "Connection", "close");
    if (answer->type != NULL && !str_eq(call->req.method, "HEAD"))
        evbuffer_add(body, answer->data, answer->size);
    evhttp_send_reply(call->http, answer->status, NULL, NULL);
}

/* The arena leaves the call before it takes the call along. */
static void
finish(struct call *call)
{
    struct arena arena = call->arena;

    if (call->deadline != NULL) {
        LIST_REMOVE(call, link);
        call->server->busy--;
        event_free(call->deadline);
    }
    call->req.arena = &arena;
    write_answer(call);
    app_log(&call->req);
    app_finish(&call->req);
}

static void
finish_later(struct req *req)
{
    finish(req->wire);
}

static void
give_up(evutil_socket_t fd, short events, void *object)
{
    struct call *call = object;
    struct err err;

    (void)fd; /* the prototype is libevent's */
    (void)events;
    err_fill(&err, ERR_LATE);
    reply_error(&call->req, &err);
    reply_finish(&call->req);
}

static void
keep(struct call *call)
{
    struct server *server = call->server;
    int seconds = server->options.later_seconds;
    const struct timeval limit = {.tv_sec = seconds == 0 ? LATER_SECONDS : seconds};

    call->deadline = evtimer_new(server->base, give_up, call);
    assert(call->deadline != NULL);
    evtimer_add(call->deadline, &limit);
    LIST_INSERT_HEAD(&server->later, call, link);
    server->busy++;
}

/* -- the request --------------------------------------------------------------------------- */

static const char *
find_header(const struct req *req, const char *name)
{
    const struct call *call = req->wire;

    return evhttp_find_header(evhttp_request_get_input_headers(call->http), name);
}

static const char *
method_of(struct evhttp_request *http)
{
    switch (evhttp_request_get_command(http)) {
    case EVHTTP_REQ_GET:
        return "GET";
    case EVHTTP_REQ_HEAD:
        return "HEAD";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    case EVHTTP_REQ_TRACE:
        return "TRACE";
    case EVHTTP_REQ_CONNECT:
        return "CONNECT";
    }
    return "?";
}

static bool
owns(const struct app *app, const char *path)
{
    size_t length = strlen(app->prefix);

    return strlen(path) >= length && memcmp(path, app->prefix, length) == 0 &&
        (path[length] == '/' || path[length] == '\0');
}

/* The last one answers what is nobody's: with 404. */
static const struct app *
find_app(const struct server *server, const char *path)
{
    const struct app *const *app = server->options.apps;

    while (app[1] != NULL && !owns(*app, path))
        app++;
    return *app;
}

/* One that is too large is not kept: its size tells. */
static void
take_body(struct call *call, const struct app *app)
{
    struct evbuffer *buffer = evhttp_request_get_input_buffer(call->http);
    size_t size = evbuffer_get_length(buffer);

    call->req.body_size = size;
    if (size > app_body_max(app))
        return;
    char *body = arena_alloc(&call->arena, size + 1);
    evbuffer_copyout(buffer, body, size);
    call->req.body = body;
}

static struct call *
call_new(struct server *server, struct evhttp_request *http)
{
    struct arena arena = {0};
    struct call *call = arena_alloc(&arena, sizeof(*call));
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
    const char *path = uri == NULL ? NULL : evhttp_uri_get_path(uri);
    const char *query = uri == NULL ? NULL : evhttp_uri_get_query(uri);

    *call = (struct call){.server = server, .http = http, .arena = arena};
    call->req = (struct req){
        .arena = &call->arena,
        .turn = server->options.turn,
        .state = server->options.state,
        .header = find_header,
        .wire = call,
        .finish = finish_later,
        .method = method_of(http),
        .path = path == NULL ? "" : path, /* an escaped one is no path of ours */
        .query_text = query == NULL ? "" : query,
        .started_at = time_monotonic(),
    };
    call->req.content_type = req_header(&call->req, "Content-Type");
    call->req.turn.actor.request_id = req_header(&call->req, "X-Request-Id");
    call->req.turn.actor.scopes = "";
    return call;
}

static void
serve(struct evhttp_request *http, void *object)
{
    struct server *server = object;
    struct call *call = call_new(server, http);
    const struct app *app = find_app(server, call->req.path);

    take_body(call, app);
    app_serve(app, &call->req);
    if (call->req.later)
        keep(call);
    else
        finish(call);
}

/* -- listening ----------------------------------------------------------------------------- */

static struct bufferevent *
make_tls_socket(struct event_base *base, void *tls)
{
    SSL *ssl = SSL_new(tls);
    struct bufferevent *socket = bufferevent_openssl_socket_new(
        base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);

    if (socket != NULL) /* a client that just hangs up is no attack: lengths are in HTTP */
        bufferevent_openssl_set_allow_dirty_shutdown(socket, 1);
    return socket;
}

static bool
start_tls(struct server *server, struct err *err)
{
    const struct server_options *options = &server->options;

    if (options->cert == NULL)
        return true;
    if (!tls_server(options->cert, options->key, options->ca, &server->tls, err))
        return false;
    evhttp_set_bevcb(server->http, make_tls_socket, server->tls);
    return true;
}

static bool
listen_on_path(struct server *server, struct err *err)
{
    const char *path = server->options.path;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return err_say(err, ERR_SETTINGS, "a socket's path is too long: %s", path);
    memcpy(address.sun_path, path, strlen(path));
    unlink(path);
    mode_t mask = umask(0177);
    struct evconnlistener *listener = evconnlistener_new_bind(server->base, NULL, NULL,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, (struct sockaddr *)&address,
        sizeof(address));
    umask(mask);
    if (listener == NULL)
        return err_say(err, ERR_SETTINGS, "cannot listen on %s: %s", path, strerror(errno));
    server->listener = evhttp_bind_listener(server->http, listener);
    return server->listener != NULL || err_say(err, ERR_SETTINGS, "cannot listen on %s", path);
}

static void
learn_port(struct server *server)
{
    struct sockaddr_in6 address = {0}; /* the port of IPv4 is in the same place */
    socklen_t size = sizeof(address);

    if (getsockname(
            evhttp_bound_socket_get_fd(server->listener), (struct sockaddr *)&address, &size) == 0)
        server->port = ntohs(address.sin6_port);
}

static bool
listen_on(struct server *server, struct err *err)
{
    const struct server_options *options = &server->options;

    if (options->path != NULL)
        return listen_on_path(server, err);
    server->listener =
        evhttp_bind_socket_with_handle(server->http, options->host, (ev_uint16_t)options->port);
    if (server->listener == NULL)
        return err_say(err, ERR_SETTINGS, "cannot listen on %s:%d: %s", options->host,
            options->port, strerror(errno));
    learn_port(server);
    return true;
}

/* evhttp has one limit for all; it comes just above ours, so that ours can tell. */
static size_t
largest_body(const struct server *server)
{
    size_t max = 0;

    for (const struct app *const *app = server->options.apps; *app != NULL; app++)
        max = app_body_max(*app) > max ? app_body_max(*app) : max;
    return 2 * max;
}

static void
set_limits(struct server *server)
{
    int idle = server->options.idle_seconds;

    evhttp_set_timeout(server->http, idle == 0 ? IDLE_SECONDS : idle);
    evhttp_set_max_headers_size(server->http, HEADER_BYTES_MAX);
    evhttp_set_max_body_size(server->http, (ev_ssize_t)largest_body(server));
    evhttp_set_allowed_methods(server->http,
        EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH |
            EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT);
    evhttp_set_gencb(server->http, serve, server);
}

bool
server_open(struct event_base *base, const struct server_options *options, struct server **server,
    struct err *err)
{
    struct arena arena = {0};
    struct server *made = arena_alloc(&arena, sizeof(*made));

    assert(options->apps != NULL && options->apps[0] != NULL);
    *made = (struct server){.arena = arena, .options = *options, .base = base};
    LIST_INIT(&made->later);
    made->http = evhttp_new(base);
    assert(made->http != NULL);
    set_limits(made);
    if (!start_tls(made, err) || !listen_on(made, err)) {
        server_free(made);
        return false;
    }
    *server = made;
    return true;
}

int
server_port(const struct server *server)
{
    return server->port;
}

void
server_drain(struct server *server)
{
    if (server->listener != NULL)
        evhttp_del_accept_socket(server->http, server->listener);
    server->listener = NULL;
}

size_t
server_busy(const struct server *server)
{
    return server->busy;
}

void
server_free(struct server *server)
{
    if (server == NULL)
        return;
    while (!LIST_EMPTY(&server->later))
        give_up(-1, 0, LIST_FIRST(&server->later));
    evhttp_free(server->http);
    tls_free(server->tls);
    struct arena arena = server->arena;
    arena_reset(&arena);
}
