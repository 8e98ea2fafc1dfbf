#include "http/server.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "harness/certificate.h"
#include "harness/check.h"

/* -- an app: it answers at once, later, and never ------------------------------------------- */

struct note {
    const char *text;
};

static const struct field note_fields[] = {
    F_TEXT(struct note, text, F_REQUIRED, 1, INT32_MAX),
};
static const struct schema note_schema = SCHEMA(struct note, note_fields);

struct daemon {
    struct event_base *base;
    int ended; /* requests that were kept and are gone */
};

static bool
say(struct req *req, struct err *err)
{
    (void)err; /* the prototype is the route's */
    return reply(req, &(struct note){req->args[0].text});
}

static bool
take(struct req *req, struct err *err)
{
    const struct note *note = req->in;

    (void)err; /* the prototype is the route's */
    return reply(req, &(struct note){arena_printf(req->arena, "%zu", strlen(note->text))});
}

static void
count_end(void *object)
{
    struct daemon *daemon = object;

    daemon->ended++;
}

static void
answer_now(evutil_socket_t fd, short events, void *object)
{
    struct req *req = object;

    (void)fd; /* the prototype is libevent's */
    (void)events;
    reply(req, &(struct note){"later"});
    reply_finish(req);
}

static bool
answer_later(struct req *req, struct err *err)
{
    struct daemon *daemon = req->state;

    (void)err; /* the prototype is the route's */
    arena_defer(req->arena, count_end, daemon);
    event_base_once(daemon->base, -1, EV_TIMEOUT, answer_now, req, &(struct timeval){0, 1000});
    return reply_later(req);
}

static bool
answer_never(struct req *req, struct err *err)
{
    (void)err; /* the prototype is the route's */
    arena_defer(req->arena, count_end, req->state);
    return reply_later(req);
}

static bool
count_ended(struct req *req, struct err *err)
{
    const struct daemon *daemon = req->state;

    (void)err; /* the prototype is the route's */
    return reply(req, &(struct note){arena_printf(req->arena, "%d", daemon->ended)});
}

static bool
admit(struct req *req, struct err *err)
{
    return str_eq(req_header(req, "x-agent-token"), "right") ||
        err_say(err, ERR_TOKEN, "Invalid agent token");
}

static const struct route routes[] = {
    {"GET", "/say/{text}", "token", say, 200, .answer = &note_schema},
    {"GET", "/open/{text}", "", say, 200, .answer = &note_schema},
    {"POST", "/take", "", take, 200, .body = &note_schema, .answer = &note_schema},
    {"GET", "/later", "", answer_later, 200, .answer = &note_schema},
    {"GET", "/never", "", answer_never, 200, .answer = &note_schema},
    {"GET", "/ended", "", count_ended, 200, .answer = &note_schema},
};
static const struct app app = {"test", "/v1", routes, COUNT(routes), admit, 2 << 20};

/* -- a client, in a process of its own ------------------------------------------------------- */

struct client {
    char base[256]; /* of its URLs */
    const char *socket, *ca, *cert, *key;
    const char *header;
    const char *method; /* instead of GET or POST */
    char *body;
    size_t size;
};

static size_t
keep_body(char *data, size_t one, size_t count, void *object)
{
    struct client *client = object;

    (void)one; /* always 1 */
    client->body = realloc(client->body, client->size + count + 1);
    memcpy(client->body + client->size, data, count);
    client->size += count;
    client->body[client->size] = '\0';
    return count;
}

/* The status; 0 when there was no answer. */
static long
ask(struct client *client, const char *path, const char *post)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char url[512];
    long status = 0;

    snprintf(url, sizeof(url), "%s%s", client->base, path);
    client->size = 0;
    if (client->header != NULL)
        headers = curl_slist_append(headers, client->header);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post);
    if (post == NULL)
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, client->method);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
    curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca);
    curl_easy_setopt(curl, CURLOPT_SSLCERT, client->cert);
    curl_easy_setopt(curl, CURLOPT_SSLKEY, client->key);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static bool
said(const struct client *client, const char *text)
{
    return client->size > 0 && strstr(client->body, text) != NULL;
}

static void
test_routes_are_those_of_handlers(struct client *client)
{
    CHECK_INT(200, ask(client, "/v1/open/hello", NULL));
    CHECK_STR("{\"text\":\"hello\"}", client->body);
    CHECK_INT(404, ask(client, "/v1/nowhere", NULL));
    CHECK(said(client, "\"code\":\"not_found\""));
    CHECK_INT(404, ask(client, "/elsewhere", NULL));
    CHECK_INT(404, ask(client, "/v1/%6fpen/hello", NULL));
    CHECK_INT(405, ask(client, "/v1/open/hello", "{}"));
    CHECK_INT(422, ask(client, "/v1/take", "{}"));
}

static void
test_the_app_admits_by_its_own_rule(struct client *client)
{
    CHECK_INT(401, ask(client, "/v1/say/hello", NULL));
    CHECK(said(client, "Invalid agent token"));
    client->header = "X-Agent-Token: right";
    CHECK_INT(200, ask(client, "/v1/say/hello", NULL));
    client->header = NULL;
}

static void
test_each_method_is_told_apart(struct client *client)
{
    static const char *const others[] = {"PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < COUNT(others); i++) {
        client->method = others[i];
        CHECK_INT(405, ask(client, "/v1/open/hello", NULL));
        CHECK(said(client, "\"code\":\"method_not_allowed\""));
    }
    client->method = NULL;
}

/* Just under the app's limit, just above it, and above what evhttp itself takes. */
static void
test_a_body_has_the_limit_of_its_app(struct client *client)
{
    char *text = malloc((8 << 20) + 1);

    memset(text, ' ', 8 << 20);
    text[8 << 20] = '\0';
    memcpy(text, "{\"text\":\"0123456789\"}", 21);
    text[2 << 20] = '\0';
    CHECK_INT(200, ask(client, "/v1/take", text));
    CHECK_STR("{\"text\":\"10\"}", client->body);
    text[2 << 20] = ' ';
    text[(2 << 20) + 1] = '\0';
    CHECK_INT(413, ask(client, "/v1/take", text));
    CHECK(said(client, "\"code\":\"too_large\""));
    text[(2 << 20) + 1] = ' ';
    CHECK(ask(client, "/v1/take", text) != 200);
    CHECK_INT(200, ask(client, "/v1/open/hello", NULL));
    free(text);
}

static void
test_an_answer_may_come_later_or_be_given_up(struct client *client)
{
    CHECK_INT(200, ask(client, "/v1/later", NULL));
    CHECK_STR("{\"text\":\"later\"}", client->body);
    CHECK_INT(200, ask(client, "/v1/ended", NULL));
    CHECK_STR("{\"text\":\"1\"}", client->body);
    CHECK_INT(503, ask(client, "/v1/never", NULL));
    CHECK(said(client, "\"code\":\"late\""));
    CHECK_INT(200, ask(client, "/v1/ended", NULL));
    CHECK_STR("{\"text\":\"2\"}", client->body);
}

static void
test_plain(struct client *client)
{
    test_routes_are_those_of_handlers(client);
    test_the_app_admits_by_its_own_rule(client);
    test_each_method_is_told_apart(client);
    test_a_body_has_the_limit_of_its_app(client);
    test_an_answer_may_come_later_or_be_given_up(client);
}

static void
test_a_unix_socket_serves_too(struct client *client)
{
    CHECK_INT(200, ask(client, "/v1/open/hello", NULL));
}

static void
test_a_client_without_a_certificate_is_refused(struct client *client)
{
    const char *cert = client->cert;

    CHECK_INT(200, ask(client, "/v1/open/hello", NULL));
    client->cert = client->key = NULL;
    CHECK_INT(0, ask(client, "/v1/open/hello", NULL));
    client->key = client->cert = cert;
    CHECK_INT(200, ask(client, "/v1/open/hello", NULL));
}

/* -- both together --------------------------------------------------------------------------- */

typedef void client_fn(struct client *client);

static void
stop_loop(evutil_socket_t signo, short events, void *base)
{
    (void)signo; /* the prototype is libevent's */
    (void)events;
    event_base_loopbreak(base);
}

static pid_t
start_client(client_fn *run, struct client *client)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    if (freopen("/dev/null", "w", stdout) == NULL) /* the parent reports, by our status */
        exit(EXIT_FAILURE);
    run(client);
    free(client->body);
    exit(check_report("client"));
}

static void
run_server(struct server_options options, client_fn *run, struct client client)
{
    static const struct app *const apps[] = {&app, NULL};
    struct daemon daemon = {event_base_new(), 0};
    struct event *child = evsignal_new(daemon.base, SIGCHLD, stop_loop, daemon.base);
    struct server *server;
    struct err err;
    int status = -1;

    options.apps = apps;
    options.state = &daemon;
    options.later_seconds = 1;
    evsignal_add(child, NULL);
    if (CHECK(server_open(daemon.base, &options, &server, &err))) {
        snprintf(client.base, sizeof(client.base), "%s://127.0.0.1:%d",
            client.ca == NULL ? "http" : "https", server_port(server));
        pid_t pid = start_client(run, &client);
        event_base_dispatch(daemon.base);
        waitpid(pid, &status, 0);
        CHECK_INT(0, status);
        CHECK_INT(0, (long long)server_busy(server));
        server_free(server);
    }
    event_free(child);
    event_base_free(daemon.base);
}

static void
test_what_cannot_work_is_said(void)
{
    static const struct app *const apps[] = {&app, NULL};
    struct event_base *base = event_base_new();
    struct server_options options = {.apps = apps, .host = "127.0.0.1", .cert = "/nonexistent"};
    struct server *server, *second;
    struct arena arena = {0};
    struct err err = {0};

    CHECK(!server_open(base, &options, &server, &err));
    CHECK_STR("no certificate in /nonexistent", err.detail);
    options.cert = NULL;
    CHECK(server_open(base, &options, &server, &err));
    options.port = server_port(server);
    CHECK(!server_open(base, &options, &second, &err));
    CHECK_INT(ERR_SETTINGS, err.code);
    server_drain(server); /* the port is free again */
    CHECK(server_open(base, &options, &second, &err));
    server_free(second);
    server_free(server);
    options.path = "/nonexistent/socket";
    CHECK(!server_open(base, &options, &server, &err));
    CHECK_STR("cannot listen on /nonexistent/socket: No such file or directory", err.detail);
    options.path = arena_printf(&arena, "/tmp/%0120d", 0);
    CHECK(!server_open(base, &options, &server, &err));
    CHECK(strstr(err.detail, "a socket's path is too long") != NULL);
    arena_reset(&arena);
    event_base_free(base);
}

int
main(void)
{
    char dir[] = "/tmp/server-test-XXXXXX", path[64], pem[64];

    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/socket", dir);
    snprintf(pem, sizeof(pem), "%s/pem", dir);
    certificate_make(pem);
    run_server((struct server_options){.host = "127.0.0.1"}, test_plain, (struct client){0});
    run_server((struct server_options){.path = path}, test_a_unix_socket_serves_too,
        (struct client){.socket = path});
    run_server((struct server_options){.host = "127.0.0.1", .cert = pem, .key = pem, .ca = pem},
        test_a_client_without_a_certificate_is_refused,
        (struct client){.ca = pem, .cert = pem, .key = pem});
    test_what_cannot_work_is_said();
    unlink(path);
    unlink(pem);
    rmdir(dir);
    return check_report("http/server");
}
