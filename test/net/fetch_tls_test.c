/* Fetches over TLS, from the very server that agents have. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/certificate.h"
#include "harness/check.h"
#include "harness/peer.h"
#include "http/server.h"
#include "net/fetch.h"

static struct event_base *base;
static struct err err;

static struct {
    int count;
    struct fetch_answer answer;
} got;

/* -- the server ---------------------------------------------------------------------------- */

static bool
say_hello(struct req *req, struct err *unused)
{
    (void)unused;
    return reply_bytes(req, "text/plain", "hello", 5);
}

static const struct route routes[] = {{"GET", "/hello", "", say_hello, 200}};
static const struct app hello = {"hello", "", routes, COUNT(routes)};
static const struct app *const apps[] = {&hello, NULL};

/* -- the client ---------------------------------------------------------------------------- */

static void
on_answer(void *unused, const struct fetch_answer *answer)
{
    (void)unused;
    got.count++;
    got.answer = *answer;
}

static bool
has_answer(void *unused)
{
    (void)unused;
    return got.count > 0;
}

static void
fetch(const struct fetch_options *options, const char *host, int port)
{
    struct arena arena = {0};
    struct fetch_request request = {.method = "GET"};
    struct fetcher *fetcher;

    got.count = 0;
    request.url = arena_printf(&arena, "https://%s:%d/hello", host, port);
    CHECK(fetcher_open(base, options, &fetcher, &err));
    fetch_start(fetcher, &arena, &request, on_answer, NULL);
    wait_until(base, has_answer, NULL);
    fetcher_free(fetcher);
}

/* -- the tests ----------------------------------------------------------------------------- */

static void
test_both_show_their_certificates(const char *pem, int port)
{
    fetch(&(struct fetch_options){.cert = pem, .key = pem, .ca = pem}, "127.0.0.1", port);
    CHECK_INT(FETCH_ANSWERED, got.answer.end);
    CHECK_INT(200, got.answer.status);
}

static void
test_without_a_certificate_of_ours_there_is_no_answer(const char *pem, int port)
{
    fetch(&(struct fetch_options){.cert = "", .key = "", .ca = pem}, "127.0.0.1", port);
    CHECK_INT(FETCH_UNREACHABLE, got.answer.end);
}

static void
test_a_server_that_our_ca_did_not_sign_is_refused(const char *pem, int port)
{
    fetch(&(struct fetch_options){.cert = pem, .key = pem, .ca = ""}, "127.0.0.1", port);
    CHECK_INT(FETCH_UNREACHABLE, got.answer.end);
}

static void
test_a_server_of_another_name_is_refused(const char *pem, int port)
{
    fetch(&(struct fetch_options){.cert = pem, .key = pem, .ca = pem}, "localhost", port);
    CHECK_INT(FETCH_UNREACHABLE, got.answer.end);
}

int
main(void)
{
    char dir[] = "/tmp/fetch-test-XXXXXX", pem[64];
    struct server *server;

    CHECK(mkdtemp(dir) != NULL);
    snprintf(pem, sizeof(pem), "%s/pem", dir);
    certificate_make(pem);
    base = event_base_new();
    const struct server_options options = {
        .apps = apps, .host = "127.0.0.1", .cert = pem, .key = pem, .ca = pem};
    CHECK(server_open(base, &options, &server, &err));
    test_both_show_their_certificates(pem, server_port(server));
    test_without_a_certificate_of_ours_there_is_no_answer(pem, server_port(server));
    test_a_server_that_our_ca_did_not_sign_is_refused(pem, server_port(server));
    test_a_server_of_another_name_is_refused(pem, server_port(server));
    server_free(server);
    event_base_free(base);
    unlink(pem);
    rmdir(dir);
    return check_report("net/fetch_tls");
}
