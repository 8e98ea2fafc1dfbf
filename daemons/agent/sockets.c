#include "agent/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 32 * 1024,
    DUMP_SECONDS = 2,
    PROBE_MS = 500,
    PORT_MAX = 65535
};

struct request {
    struct nlmsghdr head;
    struct inet_diag_req_v2 diag;
};

union answer {
    struct nlmsghdr head;
    uint8_t bytes[BUFFER_SIZE];
};

/* -- ends ------------------------------------------------------------------------------ */

static bool
read_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    for (; *text >= '0' && *text <= '9' && value <= PORT_MAX; text++)
        value = value * 10 + (unsigned)(*text - '0');
    *port = (uint16_t)value;
    return *text == '\0' && value > 0 && value <= PORT_MAX;
}

static void
unmap(struct sock_end *end)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (end->family != AF_INET6 || memcmp(end->address, mapped, sizeof(mapped)) != 0)
        return;
    end->family = AF_INET;
    memmove(end->address, end->address + sizeof(mapped), 4);
    memset(end->address + 4, 0, sizeof(end->address) - 4);
}

bool
sock_end_read(const char *text, struct sock_end *end)
{
    const char *colon = strrchr(text, ':');
    char host[SOCK_END_SIZE];

    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof(host))
        return false;
    bool bracketed = text[0] == '[' && colon[-1] == ']';
    size_t length = (size_t)(colon - text) - (bracketed ? 2 : 0);
    memcpy(host, text + bracketed, length);
    host[length] = '\0';
    *end = (struct sock_end){.family = bracketed ? AF_INET6 : AF_INET};
    if (inet_pton(end->family, host, end->address) != 1 || !read_port(colon + 1, &end->port))
        return false;
    unmap(end);
    return true;
}

void
sock_end_write(const struct sock_end *end, char text[SOCK_END_SIZE])
{
    char host[INET6_ADDRSTRLEN] = "";

    inet_ntop(end->family, end->address, host, sizeof(host));
    snprintf(text, SOCK_END_SIZE, end->family == AF_INET6 ? "[%s]:%u" : "%s:%u", host, end->port);
}

/* -- the kernel ------------------------------------------------------------------------ */

bool
sockets_init(struct sockets *sockets, struct err *err)
{
    const struct timeval limit = {.tv_sec = DUMP_SECONDS};

    *sockets = (struct sockets){socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), 0};
    if (sockets->fd < 0)
        return err_say(err, ERR_INTERNAL, "No NETLINK_SOCK_DIAG: %s.", strerror(errno));
    setsockopt(sockets->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    return true;
}

void
sockets_free(struct sockets *sockets)
{
    if (sockets->fd > 0)
        close(sockets->fd);
    sockets->fd = -1;
}

static struct request
request_make(const struct sock_pair *pair, uint64_t cookie)
{
    struct request request = {.diag = {.sdiag_family = (uint8_t)pair->local.family,
                                  .sdiag_protocol = IPPROTO_TCP,
                                  .idiag_states = ~0U}};

    request.diag.id.idiag_sport = htons(pair->local.port);
    request.diag.id.idiag_dport = htons(pair->remote.port);
    memcpy(request.diag.id.idiag_src, pair->local.address, sizeof(pair->local.address));
    memcpy(request.diag.id.idiag_dst, pair->remote.address, sizeof(pair->remote.address));
    request.diag.id.idiag_cookie[0] = (uint32_t)cookie;
    request.diag.id.idiag_cookie[1] = (uint32_t)(cookie >> 32);
    return request;
}

static bool
send_request(struct sockets *sockets, struct request *request, uint16_t type, uint16_t flags)
{
    request->head = (struct nlmsghdr){.nlmsg_len = sizeof(*request),
        .nlmsg_type = type,
        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
        .nlmsg_seq = ++sockets->sequence};
    return send(sockets->fd, request, sizeof(*request), 0) == (ssize_t)sizeof(*request);
}

/* The size of what came for the last request; what is left of earlier ones is passed over. */
static ssize_t
receive(struct sockets *sockets, union answer *answer)
{
    for (;;) {
        ssize_t size = recv(sockets->fd, answer, sizeof(*answer), 0);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < (ssize_t)sizeof(answer->head) || answer->head.nlmsg_seq == sockets->sequence)
            return size;
    }
}

/* 0, or a negative errno. */
static int
error_of(const union answer *answer)
{
    struct nlmsgerr error;

    if (answer->head.nlmsg_type != NLMSG_ERROR)
        return 0;
    memcpy(&error, answer->bytes + NLMSG_HDRLEN, sizeof(error));
    return error.error;
}

static int
ask(struct sockets *sockets, struct request *request, uint16_t type, uint16_t flags,
    union answer *answer)
{
    if (!send_request(sockets, request, type, flags))
        return -errno;
    ssize_t size = receive(sockets, answer);
    if (size < (ssize_t)(NLMSG_HDRLEN + sizeof(struct nlmsgerr)))
        return -EIO;
    return error_of(answer);
}

static enum sock_result
result_of(int rc)
{
    switch (-rc) {
    case 0:
        return SOCK_DONE;
    case ENOENT:
    case ESTALE: /* the cookie is another one's */
        return SOCK_GONE;
    case EPERM:
    case EACCES:
        return SOCK_DENIED;
    case EOPNOTSUPP:
        return SOCK_UNSUPPORTED;
    default:
        return SOCK_FAILED;
    }
}

static uint64_t
cookie_of(const struct inet_diag_msg *message)
{
    return (uint64_t)message->id.idiag_cookie[1] << 32 | message->id.idiag_cookie[0];
}

enum sock_result
sockets_find(struct sockets *sockets, const struct sock_pair *pair, uint64_t *cookie)
{
    static const uint64_t any = (uint64_t)INET_DIAG_NOCOOKIE << 32 | INET_DIAG_NOCOOKIE;
    struct request request = request_make(pair, any);
    struct inet_diag_msg message;
    union answer answer = {0};

    if (pair->local.family != pair->remote.family)
        return SOCK_GONE;
    enum sock_result result = result_of(ask(sockets, &request, SOCK_DIAG_BY_FAMILY, 0, &answer));
    if (result != SOCK_DONE)
        return result;
    if (answer.head.nlmsg_len < NLMSG_HDRLEN + sizeof(message))
        return SOCK_FAILED;
    memcpy(&message, answer.bytes + NLMSG_HDRLEN, sizeof(message));
    if (message.idiag_state == TCP_LISTEN || message.id.idiag_dport != htons(pair->remote.port))
        return SOCK_GONE; /* the listening socket stands in for it */
    *cookie = cookie_of(&message);
    return SOCK_DONE;
}

enum sock_result
sockets_destroy(struct sockets *sockets, const struct sock_pair *pair, uint64_t cookie)
{
    struct request request = request_make(pair, cookie);
    union answer answer;

    return result_of(ask(sockets, &request, SOCK_DESTROY, NLM_F_ACK, &answer));
}

/* -- all of a port --------------------------------------------------------------------- */

static struct sock_end
end_make(const struct inet_diag_msg *message, const uint32_t *address, uint16_t port)
{
    struct sock_end end = {.family = message->idiag_family, .port = ntohs(port)};

    memcpy(end.address, address, end.family == AF_INET ? 4 : sizeof(end.address));
    unmap(&end);
    return end;
}

static void
show(const struct nlmsghdr *head, uint16_t port, sock_visit_fn visit, void *arg)
{
    struct inet_diag_msg message;

    if (head->nlmsg_len < NLMSG_HDRLEN + sizeof(message))
        return;
    memcpy(&message, (const uint8_t *)head + NLMSG_HDRLEN, sizeof(message));
    if (message.id.idiag_sport != htons(port) || message.idiag_state == TCP_LISTEN)
        return;
    const struct sock_pair pair = {end_make(&message, message.id.idiag_src, message.id.idiag_sport),
        end_make(&message, message.id.idiag_dst, message.id.idiag_dport)};
    visit(arg, &pair, cookie_of(&message));
}

enum step {
    STEP_MORE,
    STEP_END,
    STEP_FAILED
};

static enum step
show_all(union answer *answer, ssize_t size, uint16_t port, sock_visit_fn visit, void *arg)
{
    unsigned left = (unsigned)size;

    if (size <= 0)
        return STEP_FAILED;
    for (struct nlmsghdr *head = &answer->head; NLMSG_OK(head, left);
         head = NLMSG_NEXT(head, left)) {
        if (head->nlmsg_type == NLMSG_DONE)
            return STEP_END;
        if (head->nlmsg_type == NLMSG_ERROR)
            return STEP_FAILED;
        show(head, port, visit, arg);
    }
    return STEP_MORE;
}

static bool
dump(struct sockets *sockets, int family, uint16_t port, sock_visit_fn visit, void *arg)
{
    const struct sock_pair any = {.local = {.family = family, .port = port}};
    struct request request = request_make(&any, 0);
    union answer answer;
    enum step step = STEP_MORE;

    request.diag.idiag_states = ~(1U << TCP_LISTEN);
    if (!send_request(sockets, &request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP))
        return false;
    while (step == STEP_MORE)
        step = show_all(&answer, receive(sockets, &answer), port, visit, arg);
    return step == STEP_END;
}

bool
sockets_each(struct sockets *sockets, uint16_t port, sock_visit_fn visit, void *arg)
{
    return dump(sockets, AF_INET, port, visit, arg) && dump(sockets, AF_INET6, port, visit, arg);
}

/* -- the probe ------------------------------------------------------------------------- */

static void
close_all(int fds[3])
{
    for (int i = 0; i < 3; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
}

static bool
own_end(int fd, struct sock_end *end)
{
    struct sockaddr_in in = {0};
    socklen_t size = sizeof(in);

    if (getsockname(fd, (struct sockaddr *)&in, &size) != 0)
        return false;
    *end = (struct sock_end){.family = AF_INET, .port = ntohs(in.sin_port)};
    memcpy(end->address, &in.sin_addr, sizeof(in.sin_addr));
    return true;
}

/* A listener, a client and what the listener accepted. */
static bool
make_pair(int fds[3], struct sock_pair *pair)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(in);

    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fds[0], (struct sockaddr *)&in, size) != 0 || listen(fds[0], 1) != 0 ||
        getsockname(fds[0], (struct sockaddr *)&in, &size) != 0 ||
        connect(fds[1], (struct sockaddr *)&in, size) != 0)
        return false;
    fds[2] = accept4(fds[0], NULL, NULL, SOCK_CLOEXEC);
    return fds[2] >= 0 && own_end(fds[2], &pair->local) && own_end(fds[1], &pair->remote);
}

static bool
has_ended(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    char byte;

    return poll(&poll_fd, 1, PROBE_MS) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

enum sock_result
sockets_probe(struct sockets *sockets)
{
    int fds[3] = {-1, -1, -1};
    struct sock_pair pair;
    uint64_t cookie;
    enum sock_result result = SOCK_FAILED;

    if (make_pair(fds, &pair))
        result = sockets_find(sockets, &pair, &cookie);
    if (result == SOCK_DONE)
        result = sockets_destroy(sockets, &pair, cookie);
    if (result == SOCK_DONE && !has_ended(fds[1]))
        result = SOCK_FAILED;
    close_all(fds);
    return result;
}

const char *
sock_result_text(enum sock_result result)
{
    static const char *const texts[] = {
        [SOCK_DONE] = "a connection of our own was cut",
        [SOCK_GONE] = "the connection is gone",
        [SOCK_DENIED] = "CAP_NET_ADMIN is missing",
        [SOCK_UNSUPPORTED] = "this kernel has no CONFIG_INET_DIAG_DESTROY",
        [SOCK_FAILED] = "the kernel did not cut a connection of our own",
    };

    return texts[result];
}
