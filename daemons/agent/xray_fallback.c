/*
 * Connections that nobody has reported: made while the agent was away, or by an older Xray. Xray
 * knows from which addresses a removed user still has streams; what comes from there to the
 * inbound's port and is nobody else's is cut. A neighbour behind the same address may just be
 * connecting and not have been reported yet, so each is looked at twice, a guard's time apart.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "agent/xray.h"
#include "base/log.h"

enum {
    ADDRESSES_MAX = 16,
    CANDIDATES_MAX = 64
};

struct candidate {
    struct sock_pair pair;
    uint64_t cookie;
};

struct fallback {
    LIST_ENTRY(fallback) entry; /* free, or under way */
    struct xray *xray;
    enum xray_tag tag;
    char marker[MARKER_SIZE];
    struct event *timer; /* made once */
    size_t address_count, candidate_count;
    struct sock_end addresses[ADDRESSES_MAX]; /* without a port */
    struct candidate candidates[CANDIDATES_MAX];
    void (*done)(void *arg);
    void *arg;
};

static void
finish(struct fallback *fallback)
{
    LIST_REMOVE(fallback, entry);
    LIST_INSERT_HEAD(&fallback->xray->free_fallbacks, fallback, entry);
    fallback->done(fallback->arg);
}

/* Whose connection it is: nobody's that we know, or the user's own. */
static bool
is_fair_game(const struct fallback *fallback, uint64_t cookie)
{
    const char *owner = sessions_owner(fallback->xray->sessions, cookie);

    return owner == NULL || str_eq(owner, fallback->marker);
}

static void
on_second_look(evutil_socket_t fd, short what, void *arg)
{
    struct fallback *fallback = arg;
    struct xray *xray = fallback->xray;
    unsigned cut = 0;

    (void)fd, (void)what;
    for (size_t i = 0; i < fallback->candidate_count; i++) {
        const struct candidate *candidate = &fallback->candidates[i];
        cut += is_fair_game(fallback, candidate->cookie) &&
            sockets_destroy(&xray->sockets, &candidate->pair, candidate->cookie) == SOCK_DONE;
    }
    xray_count_cut(xray, cut);
    if (cut > 0)
        log_info(
            "component=xray sessions=%u detail=\"cut by address, nobody had reported them\"", cut);
    finish(fallback);
}

static bool
has_address(const struct fallback *fallback, const struct sock_end *end)
{
    for (size_t i = 0; i < fallback->address_count; i++) {
        const struct sock_end *address = &fallback->addresses[i];
        if (address->family == end->family &&
            memcmp(address->address, end->address, sizeof(end->address)) == 0)
            return true;
    }
    return false;
}

static void
take_candidate(void *arg, const struct sock_pair *pair, uint64_t cookie)
{
    struct fallback *fallback = arg;

    if (fallback->candidate_count < CANDIDATES_MAX && has_address(fallback, &pair->remote) &&
        is_fair_game(fallback, cookie))
        fallback->candidates[fallback->candidate_count++] = (struct candidate){*pair, cookie};
}

static void
take_address(void *arg, const struct xray_entry *entry)
{
    struct fallback *fallback = arg;
    struct sock_end *end = &fallback->addresses[fallback->address_count];
    char text[SOCK_END_SIZE];

    if (fallback->address_count == ADDRESSES_MAX || strlen(entry->name) + 8 > sizeof(text))
        return;
    snprintf(text, sizeof(text), strchr(entry->name, ':') != NULL ? "[%.47s]:1" : "%.47s:1",
        entry->name);
    fallback->address_count += sock_end_read(text, end);
}

static void
addresses_known(void *arg, const struct xray_answer *answer)
{
    static const struct timeval delay = {0, GUARD_MS * USEC_MS};
    struct fallback *fallback = arg;
    struct xray *xray = fallback->xray;

    if (answer->result == XRAY_OK && fallback->address_count > 0 &&
        sockets_each(&xray->sockets, xray->base.ports[fallback->tag], take_candidate, fallback) &&
        fallback->candidate_count > 0)
        evtimer_add(fallback->timer, &delay);
    else
        finish(fallback);
}

static struct fallback *
fallback_take(struct xray *xray)
{
    struct fallback *fallback = LIST_FIRST(&xray->free_fallbacks);

    if (fallback != NULL) {
        LIST_REMOVE(fallback, entry);
    } else {
        fallback = arena_alloc(&xray->arena, sizeof(*fallback));
        fallback->timer = evtimer_new(xray->loop, on_second_look, fallback);
    }
    LIST_INSERT_HEAD(&xray->fallbacks, fallback, entry);
    return fallback;
}

void
xray_cut_unreported(
    struct xray *xray, enum xray_tag tag, const char *marker, void (*done)(void *arg), void *arg)
{
    struct fallback *fallback = fallback_take(xray);

    fallback->xray = xray;
    fallback->tag = tag;
    snprintf(fallback->marker, sizeof(fallback->marker), "%s", marker);
    fallback->address_count = fallback->candidate_count = 0;
    fallback->done = done;
    fallback->arg = arg;
    xray_online_addresses(xray->client, marker, (struct xray_visit){take_address, fallback},
        (struct xray_done){addresses_known, fallback});
}

static void
free_timers(struct fallbacks *list)
{
    struct fallback *fallback;

    LIST_FOREACH(fallback, list, entry)
    event_free(fallback->timer);
}

void
xray_fallbacks_free(struct xray *xray)
{
    free_timers(&xray->fallbacks);
    free_timers(&xray->free_fallbacks);
}
