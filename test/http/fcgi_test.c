/* An app behind FastCGI, asked over a socket as nginx does. */
#include "http/crew.h"

#include <fastcgi.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "harness/check.h"
#include "harness/scratch.h"
#include "metrics/metrics.h"

static struct arena arena;
static char folder[] = SCRATCH;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* -- an app: it says what it was given ------------------------------------------------------- */

struct note {
    const char *text;
};

static const struct field note_fields[] = {F_TEXT(struct note, text, F_REQUIRED, 0, INT32_MAX)};
static const struct schema note_schema = SCHEMA(struct note, note_fields);

static bool
say_who(struct req *req, struct err *err)
{
    const struct actor *actor = &req->turn.actor;

    (void)err; /* the prototype is the route's */
    return reply(req,
        &(struct note){arena_printf(req->arena, "%s %s %s", actor->token_id, actor->token_name,
            req_header(req, "X-Some-Thing"))});
}

static bool
say_body(struct req *req, struct err *err)
{
    (void)err; /* the prototype is the route's */
    return reply(req, req->in);
}

static bool
say_state(struct req *req, struct err *err)
{
    (void)err; /* the prototype is the route's */
    return reply(req, &(struct note){req->state});
}

static bool
refuse(struct req *req, struct err *err)
{
    (void)req; /* the prototype is the route's */
    return err_set(err, ERR_TOKEN);
}

static void *
open_state(const struct settings *settings, struct arena *own)
{
    return arena_printf(own, "state of %s", settings->bundle_root);
}

static const struct route routes[] = {
    {"GET", "/who", "sni:read", say_who, 200, .answer = &note_schema},
    {"GET", "/state", "", say_state, 200, .answer = &note_schema},
    {"GET", "/inner", "", refuse, 204, INTERNAL},
    {"POST", "/body", "", say_body, 201, .body = &note_schema, .answer = &note_schema},
};
static const struct app app = {
    "fcgi", "/test", routes, COUNT(routes), .body_max = 64, .open = open_state};

/* -- the process ----------------------------------------------------------------------------- */

/* The listening socket is descriptor 0. One worker: what it serves, it serves one after another. */
static pid_t
start_process(const char *metrics_dir)
{
    const struct settings settings = {.metrics_dir = metrics_dir, .bundle_root = "here"};
    struct db db;
    const struct turn turn = {.db = &db, .settings = &settings};
    struct err err;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    unlink(address.sun_path);
    CHECK(bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
        listen(listener, 8) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(listener, STDIN_FILENO);
        db_init(&db, ""); /* no route here asks it */
        exit(crew_serve(&app, &turn, 1, &err) ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    close(listener);
    return pid;
}

static int
dial(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
    return fd;
}

static void
stop_process(pid_t pid)
{
    int status = -1;

    kill(pid, SIGTERM);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_INT(0, status);
}

/* -- the other end --------------------------------------------------------------------------- */

/* A request, sent at once as nginx does. */
struct wire {
    char data[4096];
    size_t size;
};

static void
put_record(struct wire *wire, int type, const void *data, size_t size)
{
    const FCGI_Header header = {.version = FCGI_VERSION_1,
        .type = (unsigned char)type,
        .requestIdB0 = 1,
        .contentLengthB1 = (unsigned char)(size >> 8),
        .contentLengthB0 = (unsigned char)size};

    memcpy(wire->data + wire->size, &header, sizeof(header));
    memcpy(wire->data + wire->size + sizeof(header), data, size);
    wire->size += sizeof(header) + size;
}

static size_t
put_param(char *at, const char *name, const char *value)
{
    size_t name_size = strlen(name), value_size = strlen(value);

    *at++ = (char)name_size;
    *at++ = (char)value_size;
    memcpy(at, name, name_size);
    memcpy(at + name_size, value, value_size);
    return 2 + name_size + value_size;
}

/* Name and value in turn, up to NULL. */
static void
put_params(struct wire *wire, const char *const *params)
{
    char data[1024];
    size_t size = 0;

    for (; *params != NULL; params += 2)
        size += put_param(data + size, params[0], params[1]);
    put_record(wire, FCGI_PARAMS, data, size);
    put_record(wire, FCGI_PARAMS, "", 0);
}

/* Up to the end of the connection, or of the answer. */
static const char *
read_answer(int fd, size_t *size)
{
    static const char end[] = {FCGI_VERSION_1, FCGI_END_REQUEST, 0, 1, 0, 8, 0, 0};
    size_t room = 8192;
    char *data = arena_alloc(&arena, room + 1);
    ssize_t got;

    *size = 0;
    while (memmem(data, *size, end, sizeof(end)) == NULL && *size < room &&
        (got = read(fd, data + *size, room - *size)) > 0)
        *size += (size_t)got;
    return data;
}

/* What came on the answer's stream: headers, an empty line, and the body. */
static const char *
receive(int fd)
{
    size_t size;
    const char *data = read_answer(fd, &size), *text = "";

    for (size_t at = 0; at + sizeof(FCGI_Header) <= size;) {
        FCGI_Header header;
        memcpy(&header, data + at, sizeof(header));
        size_t length = (size_t)header.contentLengthB1 << 8 | header.contentLengthB0;

        at += sizeof(header);
        if (header.type == FCGI_STDOUT)
            text = arena_printf(&arena, "%s%.*s", text, (int)length, data + at);
        at += length + header.paddingLength;
    }
    return text;
}

static void
send_request(int fd, int flags, const char *const *params, const char *body)
{
    const FCGI_BeginRequestBody begin = {.roleB0 = FCGI_RESPONDER, .flags = (unsigned char)flags};
    struct wire wire = {.size = 0};

    put_record(&wire, FCGI_BEGIN_REQUEST, &begin, sizeof(begin));
    put_params(&wire, params);
    if (*body != '\0')
        put_record(&wire, FCGI_STDIN, body, strlen(body));
    put_record(&wire, FCGI_STDIN, "", 0);
    CHECK(write(fd, wire.data, wire.size) == (ssize_t)wire.size);
}

static bool
at_end(int fd)
{
    char byte;

    return read(fd, &byte, 1) == 0;
}

static const char *
ask(const char *const *params, const char *body)
{
    int fd = dial();

    send_request(fd, 0, params, body);
    const char *answer = receive(fd);
    CHECK(at_end(fd));
    close(fd);
    return answer;
}

#define PARAMS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char *
post(const char *length, const char *body)
{
    return ask(PARAMS("REQUEST_METHOD", "POST", "SCRIPT_NAME", "/test/body", "CONTENT_TYPE",
                   "application/json", "CONTENT_LENGTH", length),
        body);
}

static bool
begins(const char *text, const char *start)
{
    return strstr(text, start) == text;
}

static bool
ends(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && str_eq(text + strlen(text) - strlen(end), end);
}

/* -- tests ----------------------------------------------------------------------------------- */

static void
test_what_nginx_says_of_the_token_reaches_the_route(void)
{
    const char *answer = ask(PARAMS("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/test/who",
                                 "TG_TOKEN_ID", "4", "TG_TOKEN_NAME", "bot", "TG_SCOPES",
                                 "sni:read", "TG_REQUEST_ID", "abc", "HTTP_X_SOME_THING", "there"),
        "");

    CHECK(begins(answer, "Status: 200\r\n"));
    CHECK(strstr(answer, "X-Request-Id: abc\r\n") != NULL);
    CHECK(strstr(answer, "Content-Length: 22\r\n\r\n{\"text\":\"4 bot there\"}") != NULL);
}

static void
test_without_a_token_there_is_no_answer(void)
{
    const char *answer =
        ask(PARAMS("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/test/who", "TG_TOKEN_NAME", ""), "");

    CHECK(begins(answer, "Status: 401\r\n"));
    CHECK(strstr(answer, "\"code\":\"token\"") != NULL);
}

static void
test_a_head_request_has_the_headers_alone(void)
{
    const char *answer = ask(PARAMS("REQUEST_METHOD", "HEAD", "SCRIPT_NAME", "/test/state"), "");

    CHECK(begins(answer, "Status: 200\r\n"));
    CHECK(strstr(answer, "Content-Length: 24\r\n") != NULL);
    CHECK(answer[strlen(answer) - 1] == '\n');
}

/* nginx would write it to a file. */
static void
test_a_refusal_that_nginx_alone_reads_has_no_body(void)
{
    const char *answer = ask(PARAMS("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/test/inner"), "");

    CHECK(begins(answer, "Status: 401\r\n"));
    CHECK(strstr(answer, "WWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n") != NULL);
    CHECK(ends(answer, "\r\n\r\n"));
}

static void
test_a_body_is_as_long_as_it_was_announced(void)
{
    CHECK(strstr(post("13", "{\"text\":\"me\"}"), "\r\n\r\n{\"text\":\"me\"}") != NULL);
    CHECK(begins(post("14", "{\"text\":\"me\"}"), "Status: 400\r\n"));
    CHECK(begins(post("-1", "{\"text\":\"me\"}"), "Status: 4"));
    CHECK(begins(post("65", "{\"text\":\"me\"}"), "Status: 413\r\n"));
}

static void
test_the_state_is_made_once(void)
{
    const char *answer = ask(PARAMS("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/test/state"), "");

    CHECK(strstr(answer, "{\"text\":\"state of here\"}") != NULL);
}

static const char *const state_params[] = {
    "REQUEST_METHOD", "GET", "SCRIPT_NAME", "/test/state", NULL};

static bool
answers_on(int fd)
{
    send_request(fd, FCGI_KEEP_CONN, state_params, "");
    return begins(receive(fd), "Status: 200\r\n");
}

static void
test_a_kept_connection_holds_no_worker(void)
{
    int kept[3], silent = dial();

    for (size_t i = 0; i < COUNT(kept); i++) {
        kept[i] = dial();
        CHECK(answers_on(kept[i]));
    }
    for (size_t i = 0; i < COUNT(kept); i++)
        CHECK(answers_on(kept[i]));
    test_the_state_is_made_once();
    for (size_t i = 0; i < COUNT(kept); i++)
        close(kept[i]);
    close(silent);
    test_the_state_is_made_once();
}

/* What is left of a body that nobody has read is not taken for the next request. */
static void
test_a_request_ends_where_the_next_begins(void)
{
    int fd = dial();

    send_request(fd, FCGI_KEEP_CONN,
        PARAMS("REQUEST_METHOD", "GET", "SCRIPT_NAME", "/test/state", "CONTENT_LENGTH", "2"),
        "more than was announced");
    CHECK(begins(receive(fd), "Status: "));
    CHECK(answers_on(fd));
    close(fd);
}

/* Counts outlive the process, gauges do not. */
static void
test_what_was_answered_is_counted(bool lives)
{
    struct metrics *sum = metrics_new();
    struct err err = {0};
    size_t size;

    CHECK(metrics_read(folder, sum, &err));
    const char *text = metrics_text(sum, &arena, &size);
    CHECK(strstr(text,
              "tracegate_http_requests_total{component=\"api\",handler=\"fcgi\",method=\"POST\","
              "route=\"/test/body\",status=\"201\"} 1\n") != NULL);
    CHECK_INT(lives, strstr(text, "tracegate_http_workers{handler=\"fcgi\"} 1\n") != NULL);
    metrics_free(sum);
}

/* The only worker waits for the rest of another one meanwhile. */
static void
test_who_has_left_is_not_served(void)
{
    static const char begin[] = {FCGI_VERSION_1, FCGI_BEGIN_REQUEST, 0, 1, 0, 8, 0, 0, 0,
        FCGI_RESPONDER, 0, 0, 0, 0, 0, 0, FCGI_VERSION_1, FCGI_PARAMS, 0, 1, 0, 0, 0, 0,
        FCGI_VERSION_1, FCGI_STDIN, 0, 1, 0, 0, 0, 0};
    int slow = dial(), gone = dial();

    test_the_state_is_made_once();
    CHECK(write(slow, begin, 8) == 8);
    send_request(gone, 0,
        PARAMS("REQUEST_METHOD", "POST", "SCRIPT_NAME", "/test/body", "CONTENT_TYPE",
            "application/json", "CONTENT_LENGTH", "13"),
        "{\"text\":\"me\"}");
    close(gone);
    CHECK(write(slow, begin + 8, sizeof(begin) - 8) == sizeof(begin) - 8);
    CHECK(begins(receive(slow), "Status: "));
    close(slow);
    test_the_state_is_made_once();
    test_what_was_answered_is_counted(true);
}

static void
test_what_is_no_request_ends_its_connection(void)
{
    int fd = dial();

    CHECK(write(fd, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    CHECK(at_end(fd));
    close(fd);
    test_the_state_is_made_once();
}

static bool
listens(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return connected;
}

/* Requests that are on their way are answered, also of who was the last to connect; the connection
 * is not kept any more, and nginx can tell by the answer. */
static void
test_an_end_that_loses_nothing(pid_t process)
{
    int fd = dial(), idle = dial(), last = dial();

    CHECK(answers_on(fd) && answers_on(idle));
    kill(process, SIGTERM);
    while (listens())
        ;
    send_request(fd, FCGI_KEEP_CONN, state_params, "");
    CHECK(ends(receive(fd), "here\"}\n")); /* one byte too much */
    CHECK(at_end(fd));
    CHECK(answers_on(last));
    CHECK(at_end(last));
    CHECK(at_end(idle));
    close(fd);
    close(idle);
    close(last);
}

int
main(void)
{
    CHECK(mkdtemp(folder) != NULL);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s.sock", folder);
    pid_t process = start_process(folder);
    test_what_nginx_says_of_the_token_reaches_the_route();
    test_without_a_token_there_is_no_answer();
    test_a_head_request_has_the_headers_alone();
    test_a_refusal_that_nginx_alone_reads_has_no_body();
    test_a_body_is_as_long_as_it_was_announced();
    test_the_state_is_made_once();
    test_what_was_answered_is_counted(true);
    test_a_kept_connection_holds_no_worker();
    test_a_request_ends_where_the_next_begins();
    test_who_has_left_is_not_served();
    test_what_is_no_request_ends_its_connection();
    test_an_end_that_loses_nothing(process);
    stop_process(process);
    test_what_was_answered_is_counted(false);
    process = start_process("/dev/null/x"); /* nothing can be counted: served all the same */
    test_the_state_is_made_once();
    stop_process(process);
    unlink(address.sun_path);
    scratch_remove(folder);
    arena_reset(&arena);
    return check_report("http/fcgi");
}
