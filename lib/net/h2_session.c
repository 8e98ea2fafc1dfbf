#include "net/h2_session.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/util.h>
#include <string.h>

enum {
    STREAM_WINDOW = 16 * 1024 * 1024, /* 10,000 users answer in one message of 970 kB */
    SESSION_WINDOW = 64 * 1024 * 1024,
    FRAME_MAX = 1024 * 1024,
    PATH_SIZE = 256
};

/* -- calls ----------------------------------------------------------------------------- */

/* The prototype is nghttp2's. NOLINTBEGIN(readability-function-size) */
static ssize_t
read_request(nghttp2_session *session, int32_t stream, uint8_t *data, size_t size, uint32_t *flags,
    nghttp2_data_source *source, void *arg)
{
    struct h2_slot *slot = source->ptr;
    int moved = evbuffer_remove(slot->out, data, size);

    (void)session, (void)stream, (void)arg;
    if (evbuffer_get_length(slot->out) == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return moved;
}
/* NOLINTEND(readability-function-size) */

static int32_t
submit(nghttp2_session *session, struct h2_slot *slot)
{
    const nghttp2_data_provider body = {.source.ptr = slot, .read_callback = read_request};
    uint8_t path[PATH_SIZE];
    size_t length = strnlen(slot->call.path, sizeof(path));

    memcpy(path, slot->call.path, length);
    const nghttp2_nv headers[] = {
        {(uint8_t[]){":method"}, (uint8_t[]){"POST"}, 7, 4, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t[]){":scheme"}, (uint8_t[]){"http"}, 7, 4, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t[]){":authority"}, (uint8_t[]){"localhost"}, 10, 9, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t[]){":path"}, path, 5, length, NGHTTP2_NV_FLAG_NONE},
        {(uint8_t[]){"content-type"}, (uint8_t[]){"application/grpc"}, 12, 16, 0},
        {(uint8_t[]){"te"}, (uint8_t[]){"trailers"}, 2, 8, NGHTTP2_NV_FLAG_NONE},
    };
    return nghttp2_submit_request(session, NULL, headers, COUNT(headers), &body, slot);
}

static void
start(struct h2 *h2, struct h2_slot *slot)
{
    TAILQ_REMOVE(&h2->waiting, slot, entry);
    TAILQ_INSERT_TAIL(&h2->running, slot, entry);
    h2->in_flight++;
    slot->stream = submit(h2->session, slot);
    if (slot->stream < 0) /* stream ids are used up: a new connection has new ones */
        h2_drop(h2, nghttp2_strerror(slot->stream));
    event_active(h2->turn, 0, 0);
}

void
h2_session_start(struct h2 *h2)
{
    while (h2->state == H2_UP && !h2->dropping && h2->in_flight < H2_IN_FLIGHT &&
        !TAILQ_EMPTY(&h2->waiting))
        start(h2, TAILQ_FIRST(&h2->waiting));
}

static void
take_out(struct h2 *h2, struct h2_slot *slot)
{
    evtimer_del(slot->timer);
    if (slot->stream == 0) {
        TAILQ_REMOVE(&h2->waiting, slot, entry);
        return;
    }
    TAILQ_REMOVE(&h2->running, slot, entry);
    h2->in_flight--;
}

static void
give_back(struct h2 *h2, struct h2_slot *slot)
{
    TAILQ_INSERT_HEAD(&h2->free, slot, entry);
    h2_session_start(h2);
}

static void
fail(struct h2 *h2, struct h2_slot *slot, int status, const char *why)
{
    if (slot->stream > 0) {
        nghttp2_session_set_stream_user_data(h2->session, slot->stream, NULL);
        nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, slot->stream, NGHTTP2_CANCEL);
        event_active(h2->turn, 0, 0);
    }
    take_out(h2, slot);
    h2_slot_fail(slot, status, why);
    give_back(h2, slot);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct h2_slot *slot = arg;

    (void)fd, (void)what;
    fail(slot->h2, slot, GRPC_DEADLINE, "no answer in time");
}

static struct h2_slot *
slot_take(struct h2 *h2)
{
    struct h2_slot *slot = TAILQ_FIRST(&h2->free);

    if (slot != NULL) {
        TAILQ_REMOVE(&h2->free, slot, entry);
        return slot;
    }
    slot = arena_alloc(&h2->arena, sizeof(*slot));
    slot->h2 = h2;
    slot->out = evbuffer_new();
    slot->in = evbuffer_new();
    slot->timer = evtimer_new(h2->base, on_deadline, slot);
    slot->made = h2->made;
    h2->made = slot;
    return slot;
}

bool
h2_call(struct h2 *h2, const struct h2_call *call, struct err *err)
{
    const struct timeval timeout = {call->timeout_ms / 1000, call->timeout_ms % 1000 * 1000};

    if (h2->state == H2_IDLE || h2->dropping)
        return err_say(err, ERR_PEER_AWAY, "There is no connection.");
    struct h2_slot *slot = slot_take(h2);
    h2_slot_fill(slot, call);
    evtimer_add(slot->timer, &timeout);
    TAILQ_INSERT_TAIL(&h2->waiting, slot, entry);
    h2_session_start(h2);
    return true;
}

/* -- what nghttp2 reports -------------------------------------------------------------- */

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value, uint8_t flags, void *arg)
{
    struct h2_slot *slot = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags, (void)arg;
    if (slot != NULL) /* nghttp2 ends both texts with a NUL */
        h2_slot_header(slot, (const char *)nghttp2_rcbuf_get_buf(name).base,
            (const char *)nghttp2_rcbuf_get_buf(value).base);
    return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t size,
    void *arg)
{
    struct h2_slot *slot = nghttp2_session_get_stream_user_data(session, stream);

    (void)flags;
    if (slot != NULL && !h2_slot_data(slot, data, size))
        fail(arg, slot, GRPC_EXHAUSTED, "the answer is too large");
    return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *arg)
{
    struct h2_slot *slot = nghttp2_session_get_stream_user_data(session, stream);

    if (slot == NULL)
        return 0;
    take_out(arg, slot);
    h2_slot_finish(slot, code);
    give_back(arg, slot);
    return 0;
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY)
        h2_drop(arg, "the peer said goodbye");
    return 0;
}

/* -- the session ----------------------------------------------------------------------- */

static int
make_client(struct h2 *h2)
{
    nghttp2_session_callbacks *callbacks;

    int rc = nghttp2_session_callbacks_new(&callbacks);
    if (rc != 0)
        return rc;
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    rc = nghttp2_session_client_new(&h2->session, callbacks, h2);
    nghttp2_session_callbacks_del(callbacks);
    return rc;
}

bool
h2_session_open(struct h2 *h2)
{
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, FRAME_MAX},
    };

    return make_client(h2) == 0 &&
        nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings, COUNT(settings)) == 0 &&
        nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, SESSION_WINDOW) ==
        0;
}

/* A call that never began fails like one that runs; one that its callback adds does not. */
static void
give_up_start(struct h2 *h2, struct h2_slot *slot)
{
    TAILQ_REMOVE(&h2->waiting, slot, entry);
    TAILQ_INSERT_TAIL(&h2->running, slot, entry);
}

static void
give_up(struct h2 *h2, struct h2_slot *slot, const char *why)
{
    TAILQ_REMOVE(&h2->running, slot, entry);
    evtimer_del(slot->timer);
    h2_slot_fail(slot, GRPC_UNAVAILABLE, why);
    TAILQ_INSERT_HEAD(&h2->free, slot, entry);
}

void
h2_session_close(struct h2 *h2, const char *why)
{
    struct h2_slot *slot;

    nghttp2_session_del(h2->session);
    h2->session = NULL;
    while ((slot = TAILQ_FIRST(&h2->waiting)) != NULL)
        give_up_start(h2, slot);
    h2->in_flight = 0;
    while ((slot = TAILQ_FIRST(&h2->running)) != NULL)
        give_up(h2, slot, why);
}
