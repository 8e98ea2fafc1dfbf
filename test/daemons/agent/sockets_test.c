#include "agent/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "harness/check.h"

enum {
    LOOKUPS = 10000
};

/* -- texts ----------------------------------------------------------------------------- */

static void
test_ends_are_read_and_written(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"127.0.0.1:42559", "127.0.0.1:42559"},
        {"[::1]:56678", "[::1]:56678"},
        {"[::ffff:192.0.2.7]:443", "192.0.2.7:443"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[fd00:1111:2222:3333:4444:5555:6666:7777]:65535",
            "[fd00:1111:2222:3333:4444:5555:6666:7777]:65535"},
    };
    struct sock_end end;
    char text[SOCK_END_SIZE];

    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!CHECK(sock_end_read(rows[i].text, &end)))
            continue;
        sock_end_write(&end, text);
        CHECK_STR(rows[i].want, text);
    }
}

static void
test_what_is_no_end(void)
{
    static const char *const bad[] = {"", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
        "127.0.0.1:65536", "127.0.0.1:4294967297", "127.0.0.1:80x", "127.0.0.1: 80", "::1:80",
        "[::1]", "[]:80", "[::1:80", "[127.0.0.1]:80", "@", "example.org:80", "9.9.9.9.9:1",
        "[fe80::1%eth0]:80",
        "[0000000000000000000000000000000000000000000000000000000000000000000000::1]:80"};
    struct sock_end end;

    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!sock_end_read(bad[i], &end));
}

/* -- sockets --------------------------------------------------------------------------- */

struct pair {
    int listener, client, server;
    struct sock_pair ends;
};

static struct sock_end
end_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    struct sockaddr_in *in = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
    char host[INET6_ADDRSTRLEN], text[SOCK_END_SIZE + 16];
    struct sock_end end = {0};

    getsockname(fd, (struct sockaddr *)&address, &size);
    bool v6 = address.ss_family == AF_INET6;
    inet_ntop(address.ss_family, v6 ? (void *)&in6->sin6_addr : (void *)&in->sin_addr, host,
        sizeof(host));
    snprintf(text, sizeof(text), v6 ? "[%s]:%u" : "%s:%u", host,
        ntohs(v6 ? in6->sin6_port : in->sin_port));
    CHECK(sock_end_read(text, &end));
    return end;
}

/* A dual-stack listener, as Xray has, and a client of `family`. */
static bool
pair_open(struct pair *pair, int family)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(any);
    int off = 0;

    if (family == AF_INET)
        any.sin6_addr = in6addr_any;
    pair->listener = socket(AF_INET6, SOCK_STREAM, 0);
    setsockopt(pair->listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(pair->listener, (struct sockaddr *)&any, size) != 0 || listen(pair->listener, 4) != 0)
        return CHECK(family == AF_INET6); /* a machine without IPv6 */
    getsockname(pair->listener, (struct sockaddr *)&any, &size);
    in.sin_port = any.sin6_port;
    pair->client = socket(family, SOCK_STREAM, 0);
    if (!CHECK(connect(pair->client,
                   family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&any,
                   family == AF_INET ? sizeof(in) : size) == 0))
        return false;
    pair->server = accept(pair->listener, NULL, NULL);
    pair->ends = (struct sock_pair){end_of(pair->server), end_of(pair->client)};
    return true;
}

static void
pair_close(struct pair *pair)
{
    close(pair->client);
    close(pair->server);
    close(pair->listener);
}

static bool
ended(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&poll_fd, 1, 2000) == 1 && recv(fd, &byte, 1, 0) < 0 &&
        (errno == ECONNABORTED || errno == ECONNRESET);
}

static void
test_a_connection_is_found_and_cut(struct sockets *sockets, int family)
{
    struct pair pair, other;
    uint64_t cookie, again, same, others;

    if (!pair_open(&pair, family) || !pair_open(&other, family))
        return;
    CHECK_INT(SOCK_DONE, sockets_find(sockets, &pair.ends, &cookie));
    CHECK_INT(SOCK_DONE, sockets_find(sockets, &pair.ends, &same));
    CHECK_INT(SOCK_DONE, sockets_find(sockets, &other.ends, &others));
    CHECK(cookie == same && cookie != others);

    CHECK_INT(SOCK_GONE, sockets_destroy(sockets, &pair.ends, others));
    CHECK_INT(SOCK_DONE, sockets_destroy(sockets, &pair.ends, cookie));
    CHECK(ended(pair.client));
    CHECK_INT(SOCK_GONE, sockets_find(sockets, &pair.ends, &again));
    CHECK_INT(SOCK_GONE, sockets_destroy(sockets, &pair.ends, cookie));
    CHECK_INT(SOCK_DONE, sockets_find(sockets, &other.ends, &again));
    pair_close(&pair);
    pair_close(&other);
}

/* What is gone must never reach the listener, which the kernel would take in its place. */
static void
test_the_listener_survives_a_cut_that_comes_late(struct sockets *sockets)
{
    struct pair pair;
    uint64_t cookie, again;
    struct sockaddr_in6 address;
    socklen_t size = sizeof(address);

    if (!pair_open(&pair, AF_INET))
        return;
    CHECK_INT(SOCK_DONE, sockets_find(sockets, &pair.ends, &cookie));
    CHECK_INT(SOCK_DONE, sockets_destroy(sockets, &pair.ends, cookie));
    CHECK_INT(SOCK_GONE, sockets_find(sockets, &pair.ends, &again));
    CHECK_INT(SOCK_GONE, sockets_destroy(sockets, &pair.ends, cookie));

    close(pair.client);
    pair.client = socket(AF_INET6, SOCK_STREAM, 0);
    getsockname(pair.listener, (struct sockaddr *)&address, &size);
    CHECK(connect(pair.client, (struct sockaddr *)&address, size) == 0);
    pair_close(&pair);
}

struct tally {
    int count;
    uint64_t cookie;
};

static void
tally(void *arg, const struct sock_pair *pair, uint64_t cookie)
{
    struct tally *seen = arg;

    seen->count++;
    seen->cookie = cookie;
    CHECK_INT(AF_INET, pair->remote.family);
}

static void
test_all_connections_of_a_port(struct sockets *sockets)
{
    struct tally seen = {0};
    struct pair pair;
    uint64_t cookie;

    if (!pair_open(&pair, AF_INET))
        return;
    CHECK(sockets_each(sockets, pair.ends.local.port, tally, &seen));
    CHECK_INT(1, seen.count);
    CHECK_INT(SOCK_DONE, sockets_find(sockets, &pair.ends, &cookie));
    CHECK(seen.cookie == cookie);
    pair_close(&pair);
}

static void
test_a_lookup_is_cheap(struct sockets *sockets)
{
    struct pair pair;
    uint64_t cookie;

    if (!pair_open(&pair, AF_INET))
        return;
    usec_t start = time_monotonic();
    for (int i = 0; i < LOOKUPS; i++) {
        if (sockets_find(sockets, &pair.ends, &cookie) != SOCK_DONE)
            check_failed(CHECK_PLACE, "look-up %d failed", i);
    }
    printf("# a look-up takes %.1f us\n", (double)(time_monotonic() - start) / LOOKUPS);
    pair_close(&pair);
}

int
main(void)
{
    struct sockets sockets;
    struct err err;

    test_ends_are_read_and_written();
    test_what_is_no_end();
    if (!sockets_init(&sockets, &err)) {
        printf("# SKIP the rest: %s\n", err.detail);
        return check_report("agent/sockets");
    }
    test_all_connections_of_a_port(&sockets);
    test_a_lookup_is_cheap(&sockets);
    enum sock_result probed = sockets_probe(&sockets);
    if (probed == SOCK_DONE) {
        test_a_connection_is_found_and_cut(&sockets, AF_INET);
        test_a_connection_is_found_and_cut(&sockets, AF_INET6);
        test_the_listener_survives_a_cut_that_comes_late(&sockets);
    } else {
        printf("# SKIP cutting: %s\n", sock_result_text(probed));
    }
    sockets_free(&sockets);
    return check_report("agent/sockets");
}
