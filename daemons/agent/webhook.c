#include "agent/webhook.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "schema/read.h"

enum {
    BACKLOG = 4096, /* Xray opens a connection per report in flight, without bound */
    HEADERS_MAX = 8 * 1024,
    BODY_MAX = 16 * 1024,
    IDLE_SECONDS = 3600, /* Xray closes idle connections, not we: a report could be under way */
    SOCKET_MODE = 0660
};

struct webhook {
    struct arena arena; /* holds this very object */
    struct stat socket; /* which file it is */
    struct webhook_options options;
    struct evhttp *http;
    struct webhook_counts counts;
};

/* -- a report -------------------------------------------------------------------------- */

struct report {
    const char *email;
    const char *source;       /* the client's end of the outer connection */
    const char *inboundLocal; /* ours */
};

static const struct field report_fields[] = {
    F_TEXT(struct report, email, F_NULLABLE, 0, SESSION_MARKER_SIZE - 1),
    F_TEXT(struct report, source, F_NULLABLE, 0, SOCK_END_SIZE - 1),
    F_TEXT(struct report, inboundLocal, F_NULLABLE, 0, SOCK_END_SIZE - 1),
};

static const struct schema report_schema = SCHEMA(struct report, report_fields);

static bool
read_report(struct arena *arena, struct evbuffer *body, struct report *report)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    struct json_object *json;
    size_t size = evbuffer_get_length(body);
    char *text = arena_alloc(arena, size + 1);

    evbuffer_copyout(body, text, size);
    if (!read_document(&reader, text, size, &json))
        return false;
    read_json(&reader, &report_schema, json, report);
    return reader.faults == NULL;
}

static bool
find_connection(const struct webhook *webhook, const struct report *report, struct sock_pair *pair,
    uint64_t *cookie)
{
    return report->email != NULL && *report->email != '\0' && report->source != NULL &&
        report->inboundLocal != NULL && sock_end_read(report->source, &pair->remote) &&
        sock_end_read(report->inboundLocal, &pair->local) &&
        sockets_find(webhook->options.sockets, pair, cookie) == SOCK_DONE;
}

static void
take_report(struct webhook *webhook, struct evbuffer *body)
{
    struct sessions *sessions = webhook->options.sessions;
    struct arena arena = {0};
    struct report report = {0};
    struct sock_pair pair;
    uint64_t cookie;

    webhook->counts.reports++;
    if (!read_report(&arena, body, &report) || !find_connection(webhook, &report, &pair, &cookie)) {
        webhook->counts.lies++;
    } else {
        sessions_add(sessions, report.email, &pair, cookie);
        if (!webhook->options.may_live(webhook->options.owner, report.email)) {
            struct session_cut cut = sessions_cut(sessions, report.email);
            webhook->counts.late += cut.cut;
            webhook->counts.failed += cut.failed;
        }
    }
    arena_reset(&arena);
}

static void
on_request(struct evhttp_request *request, void *arg)
{
    take_report(arg, evhttp_request_get_input_buffer(request));
    evhttp_send_reply(request, HTTP_NOCONTENT, NULL, NULL);
}

/* -- the server ------------------------------------------------------------------------ */

/* Only a socket is replaced, never another kind of file. */
static void
remove_old(const char *path)
{
    struct stat stat;

    if (lstat(path, &stat) == 0 && S_ISSOCK(stat.st_mode))
        unlink(path);
}

static struct evconnlistener *
listen_at(struct event_base *base, const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(un.sun_path)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    remove_old(path);
    return evconnlistener_new_bind(base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC,
        BACKLOG, (struct sockaddr *)&un, sizeof(un));
}

static struct evhttp *
serve(struct event_base *base, struct evconnlistener *listener, struct webhook *webhook)
{
    struct evhttp *http = evhttp_new(base);

    evhttp_set_allowed_methods(http, EVHTTP_REQ_POST);
    evhttp_set_max_headers_size(http, HEADERS_MAX);
    evhttp_set_max_body_size(http, BODY_MAX);
    evhttp_set_timeout(http, IDLE_SECONDS);
    evhttp_set_gencb(http, on_request, webhook);
    evhttp_bind_listener(http, listener);
    return http;
}

bool
webhook_open(struct event_base *base, const struct webhook_options *options,
    struct webhook **webhook, struct err *err)
{
    struct evconnlistener *listener = listen_at(base, options->path);
    struct arena arena = {0};

    if (listener == NULL)
        return err_say(err, ERR_SETTINGS, "AGENT_XRAY_WEBHOOK_SOCKET: %s.", strerror(errno));
    chmod(options->path, SOCKET_MODE);
    *webhook = arena_alloc(&arena, sizeof(**webhook));
    lstat(options->path, &(*webhook)->socket);
    (*webhook)->arena = arena;
    (*webhook)->options = *options;
    (*webhook)->options.path = arena_strdup(&(*webhook)->arena, options->path);
    (*webhook)->http = serve(base, listener, *webhook);
    return true;
}

void
webhook_free(struct webhook *webhook)
{
    if (webhook == NULL)
        return;
    evhttp_free(webhook->http);
    unlink(webhook->options.path);
    struct arena arena = webhook->arena;
    arena_reset(&arena);
}

bool
webhook_is_there(const struct webhook *webhook)
{
    struct stat now;

    return lstat(webhook->options.path, &now) == 0 && now.st_dev == webhook->socket.st_dev &&
        now.st_ino == webhook->socket.st_ino;
}

struct webhook_counts
webhook_counts(const struct webhook *webhook)
{
    return webhook->counts;
}
