#include "net/h2.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/util.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/h2_session.h"

/* -- the end --------------------------------------------------------------------------- */

static void
close_socket(struct h2 *h2)
{
    if (h2->readable != NULL)
        event_free(h2->readable);
    if (h2->writable != NULL)
        event_free(h2->writable);
    h2->readable = h2->writable = NULL;
    if (h2->fd >= 0)
        close(h2->fd);
    h2->fd = -1;
    evbuffer_drain(h2->out, evbuffer_get_length(h2->out));
}

/* Only from the loop, with nothing of nghttp2 on the stack. */
static void
end(struct h2 *h2)
{
    close_socket(h2);
    h2->state = H2_IDLE;
    h2_session_close(h2, h2->why);
    h2->dropping = false;
    h2->owner.down(h2->owner.owner, h2->why);
}

void
h2_drop(struct h2 *h2, const char *why)
{
    if (h2->state == H2_IDLE || h2->dropping)
        return;
    snprintf(h2->why, sizeof(h2->why), "%s", why);
    h2->dropping = true;
    event_active(h2->turn, 0, 0);
}

/* -- reading and writing --------------------------------------------------------------- */

/* False when the session can go no further: nghttp2 has said so to a peer that broke the rules. */
static bool
collect(struct h2 *h2)
{
    const uint8_t *data;
    ssize_t size;

    while ((size = nghttp2_session_mem_send(h2->session, &data)) > 0)
        evbuffer_add(h2->out, data, (size_t)size);
    return size == 0 && nghttp2_session_want_read(h2->session) != 0;
}

static void
flush(struct h2 *h2)
{
    if (!collect(h2))
        h2_drop(h2, "the peer broke the protocol");
    while (evbuffer_get_length(h2->out) > 0) {
        if (evbuffer_write(h2->out, h2->fd) >= 0 || errno == EINTR)
            continue;
        if (errno == EAGAIN)
            event_add(h2->writable, NULL);
        else
            h2_drop(h2, strerror(errno));
        return;
    }
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
    struct h2 *h2 = arg;

    (void)fd, (void)what;
    if (h2->state == H2_UP && !h2->dropping)
        flush(h2);
    if (h2->dropping)
        end(h2);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct h2 *h2 = arg;
    ssize_t size = recv(fd, h2->input, sizeof(h2->input), 0);

    (void)what;
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size < 0)
        h2_drop(h2, strerror(errno));
    else if (size == 0)
        h2_drop(h2, "the peer closed the connection");
    else if ((size = nghttp2_session_mem_recv(h2->session, h2->input, (size_t)size)) < 0)
        h2_drop(h2, nghttp2_strerror((int)size));
    on_turn(fd, what, h2);
}

static void
connected(struct h2 *h2)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(h2->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    if (error != 0) {
        h2_drop(h2, strerror(error));
        return;
    }
    h2->state = H2_UP;
    event_add(h2->readable, NULL);
    h2->owner.up(h2->owner.owner);
    h2_session_start(h2);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct h2 *h2 = arg;

    if (h2->state == H2_CONNECTING)
        connected(h2);
    on_turn(fd, what, h2);
}

/* -- the beginning --------------------------------------------------------------------- */

static bool
read_address(struct h2 *h2, const char *server)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&h2->address;
    size_t length = strlen(server);
    int size = sizeof(h2->address);

    if (*server != '/' && *server != '@') {
        int rc = evutil_parse_sockaddr_port(server, (struct sockaddr *)&h2->address, &size);
        h2->address_size = (socklen_t)size;
        return rc == 0 && strrchr(server, ':') != NULL;
    }
    if (length < 2 || length >= sizeof(un->sun_path))
        return false;
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, server, length);
    if (*server == '@') /* abstract: no file, the name begins with a NUL */
        un->sun_path[0] = '\0';
    h2->address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

struct h2 *
h2_new(struct event_base *base, const char *server, const struct h2_owner *owner)
{
    struct arena arena = {0};
    struct h2 *h2 = arena_alloc(&arena, sizeof(*h2));

    if (!read_address(h2, server)) {
        arena_reset(&arena);
        return NULL;
    }
    h2->arena = arena;
    h2->base = base;
    h2->owner = *owner;
    h2->fd = -1;
    h2->out = evbuffer_new();
    h2->turn = event_new(base, -1, 0, on_turn, h2);
    TAILQ_INIT(&h2->free);
    TAILQ_INIT(&h2->waiting);
    TAILQ_INIT(&h2->running);
    return h2;
}

void
h2_free(struct h2 *h2)
{
    if (h2 == NULL)
        return;
    close_socket(h2);
    nghttp2_session_del(h2->session);
    for (struct h2_slot *slot = h2->made; slot != NULL; slot = slot->made) {
        evbuffer_free(slot->out);
        evbuffer_free(slot->in);
        event_free(slot->timer);
    }
    event_free(h2->turn);
    evbuffer_free(h2->out);
    struct arena arena = h2->arena;
    arena_reset(&arena);
}

int
h2_peer(const struct h2 *h2)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (h2->state != H2_UP || h2->address.ss_family != AF_UNIX ||
        getsockopt(h2->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return 0;
    return peer.pid;
}

static bool
begin(struct h2 *h2)
{
    h2->fd = socket(h2->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (h2->fd < 0)
        return false;
    h2->readable = event_new(h2->base, h2->fd, EV_READ | EV_PERSIST, on_readable, h2);
    h2->writable = event_new(h2->base, h2->fd, EV_WRITE, on_writable, h2);
    int rc = connect(h2->fd, (const struct sockaddr *)&h2->address, h2->address_size);
    return (rc == 0 || errno == EINPROGRESS) && event_add(h2->writable, NULL) == 0;
}

bool
h2_connect(struct h2 *h2, struct err *err)
{
    if (h2->state != H2_IDLE)
        return err_say(err, ERR_PEER_AWAY, "There is a connection already.");
    if (!begin(h2)) {
        err_fill_text(err, ERR_PEER_AWAY, "Cannot connect: %s.", strerror(errno));
        close_socket(h2);
        return false;
    }
    if (!h2_session_open(h2)) {
        close_socket(h2);
        nghttp2_session_del(h2->session);
        h2->session = NULL;
        return err_say(err, ERR_PEER_AWAY, "Cannot make an HTTP/2 session.");
    }
    h2->state = H2_CONNECTING;
    return true;
}
