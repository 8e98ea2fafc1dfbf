#include <event2/event.h>

#include "db/listen.h"
#include "dispatcher/dispatcher.h"
#include "store/streams.h"

#define BURST (300 * USEC_MS)

static void
on_readable(evutil_socket_t unused_fd, short unused_events, void *object)
{
    struct dispatcher *dispatcher = object;

    (void)unused_fd, (void)unused_events;
    loop_wake(&dispatcher->loop, listen_outbox);
}

/* The socket is another one after every reconnect, and looked at once each time. */
static bool
wait_readable(struct dispatcher *dispatcher)
{
    int fd = db_socket(&dispatcher->listening);

    if (dispatcher->notified != NULL)
        event_free(dispatcher->notified);
    dispatcher->notified = event_new(dispatcher->loop.base, fd, EV_READ, on_readable, dispatcher);
    return dispatcher->notified != NULL && event_add(dispatcher->notified, NULL) == 0;
}

static void
wake(struct dispatcher *dispatcher)
{
    meters_woken(&dispatcher->meters, "notify");
    dispatcher->burst_until = time_monotonic() + BURST;
    loop_wake(&dispatcher->loop, sequence_streams);
}

static bool
hear(struct dispatcher *dispatcher, struct err *err)
{
    bool missed;

    if (!outbox_listen(&dispatcher->listening, &missed, err))
        return false;
    if (missed)
        wake(dispatcher);
    return wait_readable(dispatcher) ||
        err_say(err, ERR_INTERNAL, "the database's socket cannot be waited for");
}

/* Asked every 5 s whether it is still there: half of a dead connection says nothing. */
bool
listen_outbox(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;
    usec_t now = time_monotonic();

    db_turn(&dispatcher->listening, arena);
    if (now - dispatcher->pinged_at >= 5 * USEC_SEC) {
        dispatcher->pinged_at = now;
        if (!outbox_ping(&dispatcher->listening, err))
            return false;
    }
    return hear(dispatcher, err);
}
