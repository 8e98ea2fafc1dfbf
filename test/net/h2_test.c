#include "net/h2.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/h2_peer.h"

enum {
    CALLS = 200,
    GIVE_UP_SECONDS = 30
};

/* One connection to the peer, and what came of its calls. */
struct lab {
    struct event_base *base;
    struct event *give_up;
    struct h2 *h2;
    struct peer peer;
    char name[64];
    int up, down, answers, wanted, late;
    int status; /* of the last answer */
    char message[600], why[128];
    size_t size;
    uint8_t first, last; /* bytes of the last answer */
};

static void
look(struct lab *lab)
{
    if (lab->answers == lab->wanted)
        event_base_loopbreak(lab->base);
}

static void
note_answer(void *arg, const struct h2_answer *answer)
{
    struct lab *lab = arg;

    lab->answers++;
    lab->late += lab->down;
    lab->status = answer->status;
    snprintf(lab->message, sizeof(lab->message), "%s", answer->message);
    lab->size = answer->size;
    lab->first = answer->size > 0 ? answer->data[0] : 0;
    lab->last = answer->size > 0 ? answer->data[answer->size - 1] : 0;
    look(lab);
}

static void
note_up(void *arg)
{
    struct lab *lab = arg;

    lab->up++;
    look(lab);
}

static void
note_down(void *arg, const char *why)
{
    struct lab *lab = arg;

    lab->down++;
    snprintf(lab->why, sizeof(lab->why), "%s", why);
    event_base_loopbreak(lab->base);
}

static void
stop_waiting(evutil_socket_t fd, short what, void *arg)
{
    struct lab *lab = arg;

    (void)fd, (void)what;
    check_failed(CHECK_PLACE, "nothing came in %d s", GIVE_UP_SECONDS);
    event_base_loopbreak(lab->base);
}

static bool
lab_open(struct lab *lab, peer_fn answer)
{
    const struct h2_owner owner = {note_up, note_down, lab};
    struct err err;

    memset(lab, 0, sizeof(*lab));
    lab->base = event_base_new();
    lab->give_up = evtimer_new(lab->base, stop_waiting, lab);
    snprintf(lab->name, sizeof(lab->name), "@tracegate-h2-%d", (int)getpid());
    lab->h2 = h2_new(lab->base, lab->name, &owner);
    return CHECK(peer_listen(&lab->peer, lab->base, lab->name, answer)) && CHECK(lab->h2 != NULL) &&
        CHECK(h2_connect(lab->h2, &err));
}

static void
lab_close(struct lab *lab)
{
    h2_free(lab->h2);
    peer_free(&lab->peer);
    event_free(lab->give_up);
    event_base_free(lab->base);
}

/* Until so many more answers, or the end of the connection. */
static void
wait_for(struct lab *lab, int answers)
{
    const struct timeval long_enough = {GIVE_UP_SECONDS, 0};

    evtimer_add(lab->give_up, &long_enough);
    lab->wanted = lab->answers + answers;
    event_base_dispatch(lab->base);
    evtimer_del(lab->give_up);
}

static bool
call(struct lab *lab, const char *body, int64_t timeout_ms)
{
    struct err err = {0};
    const struct h2_call request = {
        "/some.Service/Method", body, strlen(body), timeout_ms, note_answer, lab};

    return h2_call(lab->h2, &request, &err);
}

/* -- what the peer does ---------------------------------------------------------------- */

static const char *const ok_head[] = {":status", "200", "content-type", "application/grpc", NULL};
static const char *const ok_tail[] = {"grpc-status", "0", NULL};

static void
answer_message(struct peer *peer, uint32_t stream)
{
    peer_headers(peer, 0, stream, ok_head);
    peer_frame(peer, FRAME_DATA, 0, stream, "\0\0\0\0\3abc", 8);
    peer_headers(peer, END_STREAM, stream, ok_tail);
}

static void
answer_headers_only(struct peer *peer, uint32_t stream)
{
    peer_headers(peer, END_STREAM, stream,
        (const char *const[]){":status", "200", "grpc-status", "2", "grpc-message",
            "User a%40x 100%25 not found%", NULL});
}

static void
answer_error_in_trailers(struct peer *peer, uint32_t stream)
{
    peer_headers(peer, 0, stream, ok_head);
    peer_headers(peer, END_STREAM, stream,
        (const char *const[]){"grpc-status", "5", "grpc-message", "gone", NULL});
}

static void
answer_without_status(struct peer *peer, uint32_t stream)
{
    peer_headers(peer, END_STREAM, stream, (const char *const[]){":status", "503", NULL});
}

static void
answer_status_that_is_no_number(struct peer *peer, uint32_t stream)
{
    peer_headers(peer, END_STREAM, stream,
        (const char *const[]){":status", "200", "grpc-status", "0x", NULL});
}

static void
answer_status_without_end(struct peer *peer, uint32_t stream)
{
    peer_headers(peer, END_STREAM, stream,
        (const char *const[]){":status", "200", "grpc-status", "99999999999999999999", NULL});
}

static void
answer_data(struct peer *peer, uint32_t stream, const char *data, size_t size)
{
    peer_headers(peer, 0, stream, ok_head);
    peer_frame(peer, FRAME_DATA, 0, stream, data, size);
    peer_headers(peer, END_STREAM, stream, ok_tail);
}

static void
answer_short_message(struct peer *peer, uint32_t stream)
{
    answer_data(peer, stream, "\0\0\0\0\11abc", 8);
}

static void
answer_two_messages(struct peer *peer, uint32_t stream)
{
    answer_data(peer, stream, "\0\0\0\0\1a\0\0\0\0\1b", 12);
}

static void
answer_compressed(struct peer *peer, uint32_t stream)
{
    answer_data(peer, stream, "\1\0\0\0\3abc", 8);
}

static void
answer_nothing_at_all(struct peer *peer, uint32_t stream)
{
    answer_data(peer, stream, "", 0);
}

static void
reset_the_stream(struct peer *peer, uint32_t stream)
{
    peer_frame(peer, FRAME_RST, 0, stream, "\0\0\0\7", 4);
}

static void
say_nothing(struct peer *peer, uint32_t stream)
{
    (void)peer, (void)stream;
}

static void
say_goodbye(struct peer *peer, uint32_t stream)
{
    (void)stream;
    peer_frame(peer, FRAME_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}

static void
say_garbage(struct peer *peer, uint32_t stream)
{
    (void)stream;
    bufferevent_write(peer->bev, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
}

static void
close_at_once(struct peer *peer, uint32_t stream)
{
    (void)stream;
    peer_hang_up(peer);
}

/* Answers all, but only when 64 wait for it; the client may never have more open. */
static void
answer_when_full(struct peer *peer, uint32_t stream)
{
    CHECK(stream / 2 < peer->requests);
    if (peer->requests % H2_IN_FLIGHT != 0 && peer->requests < CALLS)
        return;
    for (uint32_t id = stream - (uint32_t)((peer->requests - 1) % H2_IN_FLIGHT) * 2;; id += 2) {
        answer_message(peer, id);
        if (id == stream)
            return;
    }
}

enum {
    LARGE_BYTES = 970000,
    PIECE_BYTES = 10000
};

static void
answer_large(struct peer *peer, uint32_t stream)
{
    static char piece[PIECE_BYTES];

    peer_headers(peer, 0, stream, ok_head);
    peer_frame(peer, FRAME_DATA, 0, stream, "\0\0\x0e\xcd\x10", 5); /* 970,000 */
    for (size_t sent = 0; sent < LARGE_BYTES; sent += PIECE_BYTES) {
        memset(piece, sent + PIECE_BYTES == LARGE_BYTES ? 'z' : 'a', sizeof(piece));
        peer_frame(peer, FRAME_DATA, 0, stream, piece, sizeof(piece));
    }
    peer_headers(peer, END_STREAM, stream, ok_tail);
}

static void
answer_without_end(struct peer *peer, uint32_t stream)
{
    static char piece[16384];

    peer_headers(peer, 0, stream, ok_head);
    for (size_t sent = 0; sent <= H2_ANSWER_MAX; sent += sizeof(piece))
        peer_frame(peer, FRAME_DATA, 0, stream, piece, sizeof(piece));
}

/* -- tests ----------------------------------------------------------------------------- */

static const struct {
    const char *title;
    peer_fn answer;
    int status;
    const char *message;
} answers[] = {
    {"a message", answer_message, GRPC_OK, ""},
    {"an error without trailers", answer_headers_only, GRPC_UNKNOWN, "User a@x 100% not found%"},
    {"an error in trailers", answer_error_in_trailers, GRPC_NOT_FOUND, "gone"},
    {"no status", answer_without_status, GRPC_INTERNAL, "no grpc-status, HTTP status 503"},
    {"a word for a status", answer_status_that_is_no_number, GRPC_INTERNAL,
        "the answer's status is no number"},
    {"a huge status", answer_status_without_end, GRPC_INTERNAL, "the answer's status is no number"},
    {"a message cut short", answer_short_message, GRPC_INTERNAL,
        "the answer is not one gRPC message"},
    {"two messages", answer_two_messages, GRPC_INTERNAL, "the answer is not one gRPC message"},
    {"a compressed one", answer_compressed, GRPC_INTERNAL, "the answer is not one gRPC message"},
    {"no message", answer_nothing_at_all, GRPC_INTERNAL, "the answer is not one gRPC message"},
    {"a reset", reset_the_stream, GRPC_UNAVAILABLE, "the stream was reset, code 7"},
    {"too much", answer_without_end, GRPC_EXHAUSTED, "the answer is too large"},
};

/* The connection outlives each of them: a second call on it is answered. */
static void
test_answers_and_what_is_none(void)
{
    struct lab lab;

    for (size_t i = 0; i < COUNT(answers); i++) {
        if (!lab_open(&lab, answers[i].answer))
            return;
        CHECK(call(&lab, "x", 20000));
        wait_for(&lab, 1);
        if (!CHECK_INT(answers[i].status, lab.status) ||
            !CHECK_STR(answers[i].message, lab.message))
            fprintf(stderr, "   in: %s\n", answers[i].title);
        lab.peer.answer = answer_message;
        CHECK(call(&lab, "y", 20000));
        wait_for(&lab, 1);
        CHECK_INT(GRPC_OK, lab.status);
        CHECK_INT(3, (long long)lab.size);
        CHECK(lab.up == 1 && lab.down == 0 && lab.answers == 2);
        lab_close(&lab);
    }
}

static void
test_an_answer_of_970_kb_comes_whole(void)
{
    struct lab lab;

    if (!lab_open(&lab, answer_large))
        return;
    CHECK(call(&lab, "", 20000));
    wait_for(&lab, 1);
    CHECK_INT(GRPC_OK, lab.status);
    CHECK_INT(LARGE_BYTES, (long long)lab.size);
    CHECK(lab.first == 'a' && lab.last == 'z');
    lab_close(&lab);
}

static void
test_at_most_64_calls_are_in_flight(void)
{
    struct lab lab;

    if (!lab_open(&lab, answer_when_full))
        return;
    for (int i = 0; i < CALLS; i++)
        CHECK(call(&lab, "x", 20000));
    wait_for(&lab, CALLS);
    CHECK_INT(CALLS, lab.answers);
    CHECK_INT(CALLS, (long long)lab.peer.requests);
    lab_close(&lab);
}

static void
test_a_call_ends_at_its_deadline_and_the_connection_lives(void)
{
    struct lab lab;

    if (!lab_open(&lab, say_nothing))
        return;
    for (int i = 0; i < CALLS; i++) /* those that still wait for their turn too */
        CHECK(call(&lab, "x", 1));
    wait_for(&lab, CALLS);
    CHECK_INT(GRPC_DEADLINE, lab.status);
    CHECK_STR("no answer in time", lab.message);
    lab.peer.answer = answer_message;
    CHECK(call(&lab, "x", 20000));
    wait_for(&lab, 1);
    CHECK_INT(GRPC_OK, lab.status);
    CHECK_INT(0, lab.down);
    lab_close(&lab);
}

static const peer_fn endings[] = {say_goodbye, say_garbage, close_at_once};

static void
test_the_end_of_the_connection_fails_all_calls_first(void)
{
    struct lab lab;
    struct err err;

    for (size_t i = 0; i < COUNT(endings); i++) {
        if (!lab_open(&lab, endings[i]))
            return;
        for (int n = 0; n < CALLS; n++)
            CHECK(call(&lab, "x", 20000));
        wait_for(&lab, CALLS + 1);
        CHECK_INT(CALLS, lab.answers);
        CHECK_INT(GRPC_UNAVAILABLE, lab.status);
        CHECK_INT(1, lab.down);
        CHECK_INT(0, lab.late);
        CHECK(!call(&lab, "x", 20000));

        lab.peer.answer = answer_message;
        CHECK(h2_connect(lab.h2, &err));
        CHECK(call(&lab, "x", 20000));
        wait_for(&lab, 1);
        CHECK_INT(GRPC_OK, lab.status);
        CHECK_INT(2, lab.up);
        lab_close(&lab);
    }
}

static void
test_an_owner_can_give_the_connection_up(void)
{
    struct lab lab;

    if (!lab_open(&lab, say_nothing))
        return;
    CHECK(call(&lab, "x", 20000));
    h2_drop(lab.h2, "enough");
    CHECK(!call(&lab, "x", 20000));
    wait_for(&lab, 2);
    CHECK_INT(1, lab.answers);
    CHECK_INT(1, lab.down);
    CHECK_STR("enough", lab.why);
    lab_close(&lab);
}

static void
test_nobody_listens(void)
{
    const char *servers[] = {"/nonexistent/socket", "@tracegate-nobody", "127.0.0.1:1"};
    struct lab lab = {.base = event_base_new()};
    struct err err;

    lab.give_up = evtimer_new(lab.base, stop_waiting, &lab);
    for (size_t i = 0; i < COUNT(servers); i++) {
        struct h2_owner owner = {note_up, note_down, &lab};
        lab.h2 = h2_new(lab.base, servers[i], &owner);
        lab.down = 0;
        if (h2_connect(lab.h2, &err))
            wait_for(&lab, 1);
        else
            lab.down = err.code == ERR_PEER_AWAY;
        CHECK_INT(1, lab.down);
        h2_free(lab.h2);
    }
    CHECK_INT(0, lab.up);
    event_free(lab.give_up);
    event_base_free(lab.base);
}

static void
test_addresses(void)
{
    const char *bad[] = {"", "/", "@", "localhost", "127.0.0.1", "127.0.0.1:99999", "x:1", ":1",
        ("/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "890123456789012345678901")};
    struct event_base *base = event_base_new();
    const struct h2_owner owner = {0};

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(h2_new(base, bad[i], &owner) == NULL);
    struct h2 *h2 = h2_new(base, "[::1]:10085", &owner);
    CHECK(h2 != NULL);
    h2_free(h2);
    h2_free(NULL);
    event_base_free(base);
}

int
main(void)
{
    signal(SIGPIPE, SIG_IGN);
    test_answers_and_what_is_none();
    test_an_answer_of_970_kb_comes_whole();
    test_at_most_64_calls_are_in_flight();
    test_a_call_ends_at_its_deadline_and_the_connection_lives();
    test_the_end_of_the_connection_fails_all_calls_first();
    test_an_owner_can_give_the_connection_up();
    test_nobody_listens();
    test_addresses();
    return check_report("net/h2");
}
