/*
 * TCP sockets of this network namespace through NETLINK_SOCK_DIAG: one is found by both its ends
 * and ended by its cookie. The cookie is the rule to know: without it the kernel falls back to the
 * listening socket when the connection has just gone, and would close that.
 *
 *     struct sock_pair pair;  sock_end_read("[::1]:443", &pair.local) && …
 *     if (sockets_find(&sockets, &pair, &cookie) == SOCK_DONE)
 *         result = sockets_destroy(&sockets, &pair, cookie);
 *
 * Nothing waits: the kernel answers a look-up in microseconds, within the call.
 */
#ifndef TG_AGENT_SOCKETS_H
#define TG_AGENT_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum {
    SOCK_END_SIZE = 56 /* of the text: "[…]:65535" with its end */
};

/* An address and a port. IPv4 that is mapped into IPv6 is IPv4 here. */
struct sock_end {
    int family; /* AF_INET or AF_INET6 */
    uint8_t address[16];
    uint16_t port;
};

struct sock_pair {
    struct sock_end local, remote; /* ours, the client's */
};

enum sock_result {
    SOCK_DONE,
    SOCK_GONE,   /* no such connection, or another one by now */
    SOCK_DENIED, /* CAP_NET_ADMIN is missing */
    SOCK_UNSUPPORTED,
    SOCK_FAILED
};

struct sockets {
    int fd; /* -1: not open */
    uint32_t sequence;
};

/* "192.0.2.1:443" or "[2001:db8::1]:443"; a port of 0 is none. */
bool sock_end_read(const char *text, struct sock_end *end) MUST_CHECK;
void sock_end_write(const struct sock_end *end, char text[SOCK_END_SIZE]);

bool sockets_init(struct sockets *sockets, struct err *err) MUST_CHECK;
void sockets_free(struct sockets *sockets);

/* The connection with exactly these ends. */
enum sock_result
sockets_find(struct sockets *sockets, const struct sock_pair *pair, uint64_t *cookie);

/* Both ends see an aborted connection. */
enum sock_result
sockets_destroy(struct sockets *sockets, const struct sock_pair *pair, uint64_t cookie);

/* Whether we can: a loopback pair of our own is made and cut. */
enum sock_result sockets_probe(struct sockets *sockets);

/* Every connection with this port at our end. False when the kernel does not tell all. */
typedef void (*sock_visit_fn)(void *arg, const struct sock_pair *pair, uint64_t cookie);

bool
sockets_each(struct sockets *sockets, uint16_t port, sock_visit_fn visit, void *arg) MUST_CHECK;

/* A few words for the health check. */
const char *sock_result_text(enum sock_result result);

#endif
