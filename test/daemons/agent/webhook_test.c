#include "agent/webhook.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "harness/check.h"

enum {
    BURST = 300,
    GIVE_UP_MS = 10000
};

/* A node in small: a listener that plays Xray's inbound, and whatever the webhook needs. */
struct node {
    struct event_base *base;
    struct sockets sockets;
    struct sessions *sessions;
    struct webhook *webhook;
    char dir[64], path[80];
    int inbound, port;
    const char *revoked;
};

static bool
may_live(void *owner, const char *marker)
{
    const struct node *node = owner;

    return node->revoked == NULL || !str_eq(node->revoked, marker);
}

static int
listen_on_loopback(int *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(fd, (struct sockaddr *)&in, size) == 0 && listen(fd, 16) == 0 &&
        getsockname(fd, (struct sockaddr *)&in, &size) == 0);
    *port = ntohs(in.sin_port);
    return fd;
}

static bool
node_open(struct node *node)
{
    struct err err;

    *node = (struct node){.base = event_base_new()};
    snprintf(node->dir, sizeof(node->dir), "/tmp/tracegate-webhook-XXXXXX");
    CHECK(mkdtemp(node->dir) != NULL);
    snprintf(node->path, sizeof(node->path), "%s/hook.sock", node->dir);
    node->inbound = listen_on_loopback(&node->port);
    const struct webhook_options options = {node->path, &node->sockets, NULL, may_live, node};
    struct webhook_options with = options;
    if (!CHECK(sockets_init(&node->sockets, &err)))
        return false;
    with.sessions = node->sessions = sessions_new(&node->sockets);
    return CHECK(webhook_open(node->base, &with, &node->webhook, &err));
}

static void
node_close(struct node *node)
{
    webhook_free(node->webhook);
    CHECK(access(node->path, F_OK) != 0);
    sessions_free(node->sessions);
    sockets_free(&node->sockets);
    close(node->inbound);
    event_base_free(node->base);
    rmdir(node->dir);
}

/* -- a client of the inbound, and Xray's report of it ---------------------------------- */

struct client {
    int fd, accepted;
    int port;
};

static struct client
client_open(const struct node *node)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)node->port)};
    socklen_t size = sizeof(in);
    struct client client = {.fd = socket(AF_INET, SOCK_STREAM, 0)};

    CHECK(connect(client.fd, (struct sockaddr *)&in, size) == 0);
    client.accepted = accept(node->inbound, NULL, NULL);
    getsockname(client.fd, (struct sockaddr *)&in, &size);
    client.port = ntohs(in.sin_port);
    return client;
}

static void
client_close(struct client *client)
{
    close(client->fd);
    close(client->accepted);
}

static bool
is_cut(const struct client *client)
{
    struct pollfd poll_fd = {.fd = client->fd, .events = POLLIN};
    char byte;

    return poll(&poll_fd, 1, 0) == 1 && recv(client->fd, &byte, 1, 0) <= 0;
}

static int
hook_dial(const struct node *node)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(un.sun_path, sizeof(un.sun_path), "%s", node->path);
    CHECK(connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0);
    return fd;
}

static void
hook_send(int fd, const char *body)
{
    char request[4096];
    int size = snprintf(request, sizeof(request),
        "POST /hook HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Go-http-client/1.1\r\n"
        "Content-Length: %zu\r\nContent-Type: application/json\r\n\r\n%s",
        strlen(body), body);

    CHECK(send(fd, request, (size_t)size, MSG_NOSIGNAL) == size);
}

/* The status of the answer. */
static int
hook_answer(const struct node *node, int fd)
{
    char answer[256] = "";
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    for (int i = 0; i < GIVE_UP_MS && poll(&poll_fd, 1, 1) == 0; i++)
        event_base_loop(node->base, EVLOOP_NONBLOCK);
    ssize_t size = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
    return size > 12 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

static int
post(const struct node *node, const char *body)
{
    int fd = hook_dial(node);

    hook_send(fd, body);
    int status = hook_answer(node, fd);
    close(fd);
    return status;
}

static void
body_of(char body[1024], const struct node *node, const char *email, int client_port)
{
    snprintf(body, 1024,
        "{\"email\":\"%s\",\"level\":0,\"protocol\":\"\",\"network\":\"tcp\","
        "\"source\":\"127.0.0.1:%d\",\"destination\":\"secret.example:443\","
        "\"originalTarget\":\"tcp:secret.example:443\",\"routeTarget\":null,"
        "\"inboundTag\":\"in\",\"inboundName\":\"vless\",\"inboundLocal\":\"127.0.0.1:%d\","
        "\"outboundTag\":\"direct\",\"ts\":1795435273}",
        email, client_port, node->port);
}

static int
report(const struct node *node, const char *email, int client_port)
{
    char body[1024];

    body_of(body, node, email, client_port);
    return post(node, body);
}

/* -- tests ----------------------------------------------------------------------------- */

static void
test_a_report_becomes_a_session(struct node *node)
{
    struct client client = client_open(node);
    uint64_t cookie;
    struct sock_pair pair;
    char remote[32], local[32];

    CHECK_INT(204, report(node, "b1-a", client.port));
    CHECK_INT(204, report(node, "b1-a", client.port)); /* another stream of the connection */
    CHECK_INT(1, (long long)sessions_count(node->sessions));
    snprintf(remote, sizeof(remote), "127.0.0.1:%d", client.port);
    snprintf(local, sizeof(local), "127.0.0.1:%d", node->port);
    CHECK(sock_end_read(remote, &pair.remote) && sock_end_read(local, &pair.local));
    CHECK_INT(SOCK_DONE, sockets_find(&node->sockets, &pair, &cookie));
    CHECK_STR("b1-a", sessions_owner(node->sessions, cookie));
    CHECK(sessions_owner(node->sessions, cookie + 1) == NULL);
    client_close(&client);
    sessions_sweep(node->sessions, 10);
    CHECK_INT(0, (long long)sessions_count(node->sessions));
}

static void
test_lies_are_counted_and_nothing_else(struct node *node)
{
    static const char *const bodies[] = {"", "null", "[]", "{}", "{\"email\":\"x\"}", "\xff",
        "{\"email\":null,\"source\":null,\"inboundLocal\":null}",
        "{\"email\":\"x\",\"source\":\"9.9.9.9:0\",\"inboundLocal\":\"127.0.0.1:1\"}",
        "{\"email\":\"x\",\"source\":\"127.0.0.1:1\",\"inboundLocal\":\"127.0.0.1:1\"}",
        "{\"email\":\"x\",\"source\":\"[::1]:1\",\"inboundLocal\":\"127.0.0.1:1\"}",
        "{\"email\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}",
        "{\"email\":7}"};
    struct webhook_counts before = webhook_counts(node->webhook);

    for (size_t i = 0; i < COUNT(bodies); i++)
        CHECK_INT(204, post(node, bodies[i]));
    CHECK_INT(204, report(node, "b1-a", 1)); /* such a port has nobody: the listener answers */
    struct webhook_counts after = webhook_counts(node->webhook);
    CHECK_INT(COUNT(bodies) + 1, (long long)(after.lies - before.lies));
    CHECK_INT(COUNT(bodies) + 1, (long long)(after.reports - before.reports));
    CHECK_INT(0, (long long)sessions_count(node->sessions));
}

static void
test_a_report_of_a_revoked_user_cuts_on_arrival(struct node *node)
{
    struct client first = client_open(node), second = client_open(node);

    CHECK_INT(204, report(node, "b1-b", second.port));
    node->revoked = "b1-a";
    CHECK_INT(204, report(node, "b1-a", first.port));
    CHECK(is_cut(&first));
    CHECK(!is_cut(&second));
    CHECK_INT(1, (long long)webhook_counts(node->webhook).late);
    CHECK_INT(1, (long long)sessions_count(node->sessions));
    node->revoked = NULL;
    client_close(&first);
    client_close(&second);
    sessions_sweep(node->sessions, 10);
}

static void
test_exactly_one_marker_is_cut(struct node *node)
{
    struct client clients[3] = {client_open(node), client_open(node), client_open(node)};

    report(node, "b1-a", clients[0].port);
    report(node, "b1-b", clients[1].port);
    report(node, "b1-a", clients[2].port);
    struct session_cut cut = sessions_cut(node->sessions, "b1-a");
    CHECK(cut.cut == 2 && cut.gone == 0 && cut.failed == 0);
    CHECK(is_cut(&clients[0]) && !is_cut(&clients[1]) && is_cut(&clients[2]));
    CHECK_INT(0, sessions_cut(node->sessions, "b1-a").cut);

    sessions_rename(node->sessions, "b1-b", "b1-c");
    CHECK_INT(0, sessions_cut(node->sessions, "b1-b").cut);
    CHECK(!is_cut(&clients[1]));
    CHECK_INT(1, sessions_cut(node->sessions, "b1-c").cut);
    CHECK(is_cut(&clients[1]));
    for (size_t i = 0; i < COUNT(clients); i++)
        client_close(&clients[i]);
}

/* Xray opens a connection per report; none may be refused while the agent is busy. */
static void
test_a_burst_of_reports(struct node *node)
{
    struct webhook_counts before = webhook_counts(node->webhook);
    int fds[BURST];

    for (int i = 0; i < BURST; i++)
        hook_send(fds[i] = hook_dial(node), "{}");
    for (int i = 0; i < BURST; i++) {
        CHECK_INT(204, hook_answer(node, fds[i]));
        close(fds[i]);
    }
    CHECK_INT(BURST, (long long)(webhook_counts(node->webhook).reports - before.reports));
}

static void
test_sessions_outlive_the_agent(struct node *node)
{
    struct client stays = client_open(node), goes = client_open(node);
    struct state state = {0};
    struct err err = {0};

    report(node, "b1-a", stays.port);
    report(node, "b1-b", goes.port);
    if (!CHECK(state_open(&state, node->dir, &err)))
        return;
    CHECK(sessions_store(node->sessions, &state, &err));
    CHECK_INT(1, sessions_cut(node->sessions, "b1-b").cut);
    report(node, "b1-c", stays.port); /* renamed, in a way */
    CHECK(sessions_store(node->sessions, &state, &err) && state_commit(&state, &err));

    struct sessions *again = sessions_new(&node->sockets);
    CHECK(sessions_load(again, &state, &err));
    CHECK_INT(1, (long long)sessions_count(again));
    CHECK_INT(1, sessions_cut(again, "b1-c").cut);
    CHECK(is_cut(&stays));
    sessions_free(again);

    again = sessions_new(&node->sockets); /* its row is still there, its connection is not */
    CHECK(sessions_load(again, &state, &err));
    CHECK_INT(0, (long long)sessions_count(again));
    sessions_free(again);
    state_close(&state);
    client_close(&stays);
    client_close(&goes);
    sessions_sweep(node->sessions, 10);
}

static void
test_only_a_socket_is_replaced(struct node *node)
{
    struct webhook_options options = {.path = node->dir};
    struct webhook *webhook;
    struct err err;
    struct stat stat_of;

    CHECK(!webhook_open(node->base, &options, &webhook, &err));
    CHECK_INT(ERR_SETTINGS, err.code);
    CHECK(stat(node->path, &stat_of) == 0);
    CHECK_INT(0660, stat_of.st_mode & 0777);
}

static void
remove_state(const struct node *node)
{
    char path[128];
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm", "lock"};

    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", node->dir, names[i]);
        unlink(path);
    }
}

int
main(void)
{
    struct node node;

    signal(SIGPIPE, SIG_IGN);
    if (!node_open(&node))
        return check_report("agent/webhook");
    test_a_report_becomes_a_session(&node);
    test_lies_are_counted_and_nothing_else(&node);
    test_a_burst_of_reports(&node);
    test_only_a_socket_is_replaced(&node);
    enum sock_result probed = sockets_probe(&node.sockets);
    if (probed == SOCK_DONE) {
        test_a_report_of_a_revoked_user_cuts_on_arrival(&node);
        test_exactly_one_marker_is_cut(&node);
        test_sessions_outlive_the_agent(&node);
    } else {
        printf("# SKIP cutting: %s\n", sock_result_text(probed));
    }
    remove_state(&node);
    node_close(&node);
    return check_report("agent/webhook");
}
