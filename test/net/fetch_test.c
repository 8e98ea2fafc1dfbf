#include "net/fetch.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "harness/check.h"
#include "harness/peer.h"

static struct event_base *base;
static struct fetcher *fetcher;
static struct peer peer;
static struct err err;

/* What the peer saw last, and how it shall behave. */
static struct {
    struct arena arena;
    int count;
    char method[8], path[64], token[64], type[64];
    const char *body;
    size_t size;
    int ports[8];
    struct evhttp_request *held;
} seen;

/* What came back last. */
static struct {
    int count;
    struct fetch_answer answer;
    char data[256];
} got;

static const char *
method_of(const struct evhttp_request *request)
{
    return evhttp_request_get_command(request) == EVHTTP_REQ_POST ? "POST" : "GET";
}

static void
copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL ? from : "");
}

static void
note(struct evhttp_request *request)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
    char *address;
    ev_uint16_t port;

    copy(seen.method, sizeof(seen.method), method_of(request));
    copy(seen.path, sizeof(seen.path), evhttp_request_get_uri(request));
    copy(seen.token, sizeof(seen.token), evhttp_find_header(headers, "x-agent-token"));
    copy(seen.type, sizeof(seen.type), evhttp_find_header(headers, "Content-Type"));
    evhttp_connection_get_peer(evhttp_request_get_connection(request), &address, &port);
    if ((size_t)seen.count < COUNT(seen.ports))
        seen.ports[seen.count] = port;
    seen.body = peer_body(request, &seen.arena, &seen.size);
    seen.count++;
}

static void
redirect(struct evhttp_request *request)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Location", "/elsewhere");
    peer_answer(request, 302, "");
}

static void
busy(struct evhttp_request *request)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Retry-After", "7");
    peer_answer(request, 503, "");
}

static void
large(struct evhttp_request *request)
{
    char text[1001] = "";

    memset(text, 'x', sizeof(text) - 1);
    peer_answer(request, 200, text);
}

static void
hold(struct evhttp_request *request)
{
    seen.held = request;
}

static const struct {
    const char *path;
    void (*serve)(struct evhttp_request *request);
} places[] = {{"/redirect", redirect}, {"/busy", busy}, {"/large", large}, {"/hold", hold}};

static void
serve(void *state, struct evhttp_request *request)
{
    (void)state;
    note(request);
    for (size_t i = 0; i < COUNT(places); i++) {
        if (str_eq(places[i].path, seen.path)) {
            places[i].serve(request);
            return;
        }
    }
    peer_answer(request, 200, "{\"ok\":true}");
}

/* -- the other side ------------------------------------------------------------------------ */

static void
on_answer(void *state, const struct fetch_answer *answer)
{
    (void)state;
    got.count++;
    got.answer = *answer;
    copy(got.data, sizeof(got.data), answer->data);
}

static bool
has_answer(void *state)
{
    (void)state;
    return got.count > 0;
}

static struct fetch *
start(const struct fetch_request *request)
{
    struct arena arena = {0};
    struct fetch_request own = *request;

    got.count = 0;
    own.url = arena_printf(&arena, "%s%s", peer.url, request->url);
    struct fetch *fetch = fetch_start(fetcher, &arena, &own, on_answer, NULL);
    CHECK(arena.chunks == NULL);
    CHECK_INT(0, got.count);
    return fetch;
}

static void
get(const char *path)
{
    start(&(struct fetch_request){.method = "GET", .url = path, .answer_max = 1000});
    wait_until(base, has_answer, NULL);
}

/* -- the tests ----------------------------------------------------------------------------- */

static void
test_a_post_arrives_whole_with_its_headers(void)
{
    static char body[300000];

    memset(body, 'b', sizeof(body));
    start(&(struct fetch_request){.method = "POST",
        .url = "/v1/events",
        .headers = {{"x-agent-token", "abc"}},
        .body = body,
        .body_size = sizeof(body)});
    wait_until(base, has_answer, NULL);
    CHECK_INT(FETCH_ANSWERED, got.answer.end);
    CHECK_INT(200, got.answer.status);
    CHECK_STR("{\"ok\":true}", got.data);
    CHECK_STR("POST", seen.method);
    CHECK_STR("/v1/events", seen.path);
    CHECK_STR("abc", seen.token);
    CHECK_STR("application/json", seen.type);
    CHECK(seen.size == sizeof(body) && memcmp(seen.body, body, sizeof(body)) == 0);
    CHECK_INT(0, (long long)fetcher_busy(fetcher));
}

static void
test_a_second_request_takes_the_same_connection(void)
{
    seen.count = 0;
    get("/a");
    get("/b");
    CHECK_STR("GET", seen.method);
    CHECK_INT(seen.ports[0], seen.ports[1]);
}

static void
test_a_redirect_is_not_followed(void)
{
    seen.count = 0;
    get("/redirect");
    CHECK_INT(302, got.answer.status);
    CHECK_INT(1, seen.count);
}

static void
test_retry_after_is_told(void)
{
    get("/busy");
    CHECK_INT(503, got.answer.status);
    CHECK(got.answer.retry_after == 7 * USEC_SEC);
}

static void
test_an_answer_has_a_limit(void)
{
    get("/large");
    CHECK_INT(FETCH_ANSWERED, got.answer.end);
    CHECK_INT(1000, (long long)got.answer.size);
    start(&(struct fetch_request){.method = "GET", .url = "/large", .answer_max = 999});
    wait_until(base, has_answer, NULL);
    CHECK_INT(FETCH_TOO_LARGE, got.answer.end);
    CHECK_INT(ERR_PEER_AWAY, got.answer.err.code);
}

static void
answer_held(void)
{
    if (seen.held != NULL)
        peer_answer(seen.held, 200, "");
    seen.held = NULL;
}

static void
test_a_slow_answer_is_a_timeout(void)
{
    start(&(struct fetch_request){.method = "GET", .url = "/hold", .timeout = 50 * USEC_MS});
    wait_until(base, has_answer, NULL);
    CHECK_INT(FETCH_TIMEOUT, got.answer.end);
    CHECK(got.answer.took >= 50 * USEC_MS);
}

static bool
is_held(void *state)
{
    (void)state;
    return seen.held != NULL;
}

static void
test_a_cancelled_request_does_not_call_back(void)
{
    seen.held = NULL;
    struct fetch *fetch = start(&(struct fetch_request){.method = "GET", .url = "/hold"});
    wait_until(base, is_held, NULL);
    fetch_cancel(fetch);
    CHECK_INT(0, (long long)fetcher_busy(fetcher));
    answer_held();
    fetch_cancel(NULL);
    struct arena arena = {0};
    struct fetch_request other = {.method = "GET", .url = arena_printf(&arena, "%s/a", peer.url)};
    fetch_start(fetcher, &arena, &other, on_answer, NULL);
    wait_until(base, has_answer, NULL);
    CHECK_INT(1, got.count);
}

static void
test_nobody_there_is_unreachable(void)
{
    struct peer gone;

    peer_open(&gone, base, 0, serve, NULL);
    peer_close(&gone);
    struct arena arena = {0};
    struct fetch_request request = {.method = "GET", .url = arena_strdup(&arena, gone.url)};
    got.count = 0;
    fetch_start(fetcher, &arena, &request, on_answer, NULL);
    wait_until(base, has_answer, NULL);
    CHECK_INT(FETCH_UNREACHABLE, got.answer.end);
    CHECK_INT(ERR_PEER_AWAY, got.answer.err.code);
    CHECK(got.answer.err.detail[0] != '\0');
}

static void
test_another_scheme_is_refused(void)
{
    struct arena arena = {0};
    struct fetch_request request = {
        .method = "GET", .url = arena_strdup(&arena, "file:///etc/hostname")};

    got.count = 0;
    fetch_start(fetcher, &arena, &request, on_answer, NULL);
    wait_until(base, has_answer, NULL);
    CHECK_INT(FETCH_UNREACHABLE, got.answer.end);
}

/* A chain in which each answer starts the next request. */
static void
start_next(void *state, const struct fetch_answer *answer)
{
    int *left = state;
    struct arena arena = {0};
    struct fetch_request request = {.method = "GET"};

    got.answer = *answer;
    if (--*left == 0) {
        got.count = 1;
        return;
    }
    request.url = arena_printf(&arena, "%s/next", peer.url);
    fetch_start(fetcher, &arena, &request, start_next, state);
}

static void
test_a_callback_may_start_another(void)
{
    static const struct fetch_answer none;
    int left = 4;

    got.count = 0;
    start_next(&left, &none);
    wait_until(base, has_answer, NULL);
    CHECK_INT(0, left);
    CHECK_INT(200, got.answer.status);
}

static void
test_what_is_under_way_ends_with_the_fetcher(void)
{
    seen.held = NULL;
    start(&(struct fetch_request){.method = "GET", .url = "/hold"});
    wait_until(base, is_held, NULL);
    fetcher_free(fetcher);
    fetcher_free(NULL);
    CHECK_INT(0, got.count);
}

int
main(void)
{
    static const struct fetch_options options = {.user_agent = "tracegate-test"};

    base = event_base_new();
    CHECK(fetcher_open(base, &options, &fetcher, &err));
    peer_open(&peer, base, 0, serve, NULL);
    test_a_post_arrives_whole_with_its_headers();
    test_a_second_request_takes_the_same_connection();
    test_a_redirect_is_not_followed();
    test_retry_after_is_told();
    test_an_answer_has_a_limit();
    test_a_slow_answer_is_a_timeout();
    test_a_cancelled_request_does_not_call_back();
    test_nobody_there_is_unreachable();
    test_another_scheme_is_refused();
    test_a_callback_may_start_another();
    test_what_is_under_way_ends_with_the_fetcher();
    peer_close(&peer);
    event_base_free(base);
    arena_reset(&seen.arena);
    return check_report("net/fetch");
}
