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

struct address {
    struct address *next;
    struct sock_end end; /* without a port */
};

struct candidate {
    struct candidate *next;
    struct sock_pair pair;
    uint64_t cookie;
};

struct fallback {
    LIST_ENTRY(fallback) entry; /* free, or under way */
    struct xray *xray;
    enum xray_tag tag;
    char marker[MARKER_SIZE];
    struct event *timer; /* made once */
    struct arena arena;  /* of the two lists: as many as there are */
    struct address *addresses;
    struct candidate *candidates;
    void (*done)(void *arg);
    void *arg;
};

static void
finish(struct fallback *fallback)
{
    arena_reset(&fallback->arena);
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
    for (const struct candidate *candidate = fallback->candidates; candidate != NULL;
         candidate = candidate->next) {
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
    const struct address *known = fallback->addresses;

    while (known != NULL &&
        (known->end.family != end->family ||
            memcmp(known->end.address, end->address, sizeof(end->address)) != 0))
        known = known->next;
    return known != NULL;
}

static void
take_candidate(void *arg, const struct sock_pair *pair, uint64_t cookie)
{
    struct fallback *fallback = arg;

    if (!has_address(fallback, &pair->remote) || !is_fair_game(fallback, cookie))
        return;
    struct candidate *candidate = arena_alloc(&fallback->arena, sizeof(*candidate));
    *candidate = (struct candidate){fallback->candidates, *pair, cookie};
    fallback->candidates = candidate;
}

static void
take_address(void *arg, const struct xray_entry *entry)
{
    struct fallback *fallback = arg;
    struct address *address = arena_alloc(&fallback->arena, sizeof(*address));
    char text[SOCK_END_SIZE];

    if (strlen(entry->name) + 8 > sizeof(text))
        return;
    snprintf(text, sizeof(text), strchr(entry->name, ':') != NULL ? "[%.47s]:1" : "%.47s:1",
        entry->name);
    if (!sock_end_read(text, &address->end))
        return;
    address->next = fallback->addresses;
    fallback->addresses = address;
}

static void
addresses_known(void *arg, const struct xray_answer *answer)
{
    static const struct timeval delay = {0, GUARD_MS * USEC_MS};
    struct fallback *fallback = arg;
    struct xray *xray = fallback->xray;

    if (answer->result == XRAY_OK && fallback->addresses != NULL &&
        sockets_each(&xray->sockets, xray->base.ports[fallback->tag], take_candidate, fallback) &&
        fallback->candidates != NULL)
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
    fallback->addresses = NULL;
    fallback->candidates = NULL;
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
    {
        arena_reset(&fallback->arena);
        event_free(fallback->timer);
    }
}

void
xray_fallbacks_free(struct xray *xray)
{
    free_timers(&xray->fallbacks);
    free_timers(&xray->free_fallbacks);
}
