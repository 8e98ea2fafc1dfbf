#include "net/fetcher.h"

#include <assert.h>
#include <event2/event.h>

/* Connections kept open when idle. */
#define CONNECTIONS_MAX 256L

/* -- from libevent to libcurl -------------------------------------------------------------- */

/* Callbacks may start and cancel fetches, so each message is taken anew. */
static void
collect(struct fetcher *fetcher)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            fetch_finish(message->easy_handle, message->data.result);
    }
}

static void
act(struct fetcher *fetcher, curl_socket_t fd, int events)
{
    int running;

    curl_multi_socket_action(fetcher->multi, fd, events, &running);
    collect(fetcher);
}

static void
on_timer(evutil_socket_t unused_fd, short unused_events, void *object)
{
    (void)unused_fd, (void)unused_events;
    act(object, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_socket(evutil_socket_t fd, short events, void *object)
{
    int bits = ((events & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
        ((events & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

    act(object, fd, bits);
}

/* -- from libcurl to libevent -------------------------------------------------------------- */

static int
want_timer(CURLM *unused_multi, long ms, void *object)
{
    struct fetcher *fetcher = object;
    struct timeval tv = {ms / 1000, ms % 1000 * 1000};

    (void)unused_multi;
    if (ms < 0)
        evtimer_del(fetcher->timer);
    else
        evtimer_add(fetcher->timer, &tv);
    return 0;
}

static int
want_socket(CURL *unused_easy, curl_socket_t fd, int what, void *object, void *known)
{
    struct fetcher *fetcher = object;
    struct event *event = known;
    short events = EV_PERSIST;

    (void)unused_easy;
    if (event != NULL)
        event_free(event);
    if (what == CURL_POLL_REMOVE) {
        curl_multi_assign(fetcher->multi, fd, NULL);
        return 0;
    }
    if ((what & CURL_POLL_IN) != 0)
        events |= EV_READ;
    if ((what & CURL_POLL_OUT) != 0)
        events |= EV_WRITE;
    event = event_new(fetcher->base, fd, events, on_socket, fetcher);
    assert(event != NULL); /* only without memory */
    event_add(event, NULL);
    curl_multi_assign(fetcher->multi, fd, event);
    return 0;
}

/* -- the fetcher --------------------------------------------------------------------------- */

static bool
set_multi(struct fetcher *fetcher)
{
    CURLM *multi = fetcher->multi;

    return curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, fetcher) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timer) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, fetcher) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) == CURLM_OK &&
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, fetcher->options->per_host) ==
        CURLM_OK;
}

bool
fetcher_open(struct event_base *base, const struct fetch_options *options, struct fetcher **fetcher,
    struct err *err)
{
    struct arena arena = {0};
    struct fetcher *made = arena_alloc(&arena, sizeof(*made));

    *made = (struct fetcher){.arena = arena, .base = base, .options = options};
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        made->multi = curl_multi_init();
        made->timer = evtimer_new(base, on_timer, made);
    }
    if (made->multi != NULL && made->timer != NULL && set_multi(made)) {
        *fetcher = made;
        return true;
    }
    fetcher_free(made);
    return err_say(err, ERR_INTERNAL, "libcurl cannot be used");
}

void
fetcher_free(struct fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    while (fetcher->fetches != NULL)
        fetch_cancel(fetcher->fetches);
    if (fetcher->multi != NULL)
        curl_multi_cleanup(fetcher->multi);
    if (fetcher->timer != NULL)
        event_free(fetcher->timer);
    struct arena arena = fetcher->arena;
    arena_reset(&arena);
    curl_global_cleanup();
}

size_t
fetcher_busy(const struct fetcher *fetcher)
{
    return fetcher->busy;
}
