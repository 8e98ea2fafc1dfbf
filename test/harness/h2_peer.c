#include "harness/h2_peer.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/un.h>

void
peer_frame(
    struct peer *peer, uint8_t type, uint8_t flags, uint32_t stream, const void *data, size_t size)
{
    const uint8_t head[9] = {(uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size, type,
        flags, 0, 0, (uint8_t)(stream >> 8), (uint8_t)stream};

    bufferevent_write(peer->bev, head, sizeof(head));
    bufferevent_write(peer->bev, data, size);
}

void
peer_headers(struct peer *peer, uint8_t flags, uint32_t stream, const char *const *pairs)
{
    uint8_t block[1024];
    size_t size = 0;

    for (; *pairs != NULL; pairs += 2) {
        block[size++] = 0; /* a literal that enters no table */
        for (int i = 0; i < 2; i++) {
            size_t length = strlen(pairs[i]);
            block[size++] = (uint8_t)length;
            memcpy(block + size, pairs[i], length);
            size += length;
        }
    }
    peer_frame(peer, FRAME_HEADERS, flags | END_HEADERS, stream, block, size);
}

static void
peer_take_frame(struct peer *peer, const uint8_t *head)
{
    uint32_t stream = (uint32_t)head[7] << 8 | head[8];

    if (head[3] == FRAME_DATA && (head[4] & END_STREAM) != 0) {
        peer->requests++;
        peer->answer(peer, stream);
    }
}

static void
peer_read(struct bufferevent *bev, void *arg)
{
    struct evbuffer *in = bufferevent_get_input(bev);
    struct peer *peer = arg;
    uint8_t head[9];

    while (evbuffer_get_length(in) > 0 && peer->preface > 0) {
        evbuffer_drain(in, 1);
        peer->preface--;
    }
    while (peer->bev == bev && evbuffer_copyout(in, head, sizeof(head)) == sizeof(head)) {
        size_t size = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (evbuffer_get_length(in) < sizeof(head) + size)
            return;
        evbuffer_drain(in, sizeof(head) + size);
        peer_take_frame(peer, head);
    }
}

void
peer_hang_up(struct peer *peer)
{
    if (peer->bev != NULL)
        bufferevent_free(peer->bev);
    peer->bev = NULL;
}

static void
peer_event(struct bufferevent *bev, short what, void *arg)
{
    struct peer *peer = arg;

    if (peer->bev == bev && (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
        peer_hang_up(peer);
}

static void
peer_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address, int size,
    void *arg)
{
    struct peer *peer = arg;

    (void)address, (void)size;
    peer_hang_up(peer);
    peer->connections++;
    peer->preface = 24;
    peer->bev = bufferevent_socket_new(
        evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    bufferevent_setcb(peer->bev, peer_read, NULL, peer_event, peer);
    bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
    peer_frame(peer, FRAME_SETTINGS, 0, 0, "", 0);
}

bool
peer_listen(struct peer *peer, struct event_base *base, const char *name, peer_fn answer)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t length = strlen(name);

    memcpy(un.sun_path + 1, name + 1, length - 1);
    *peer = (struct peer){.answer = answer};
    peer->listener = evconnlistener_new_bind(base, peer_accept, peer, LEV_OPT_CLOSE_ON_FREE, 16,
        (struct sockaddr *)&un, (int)(offsetof(struct sockaddr_un, sun_path) + length));
    return peer->listener != NULL;
}

void
peer_free(struct peer *peer)
{
    peer_hang_up(peer);
    evconnlistener_free(peer->listener);
}
