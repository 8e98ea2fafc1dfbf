/*
 * The xray component: what its files share. Only xray*.c and bundle.c include this.
 *
 *     xray.c          the connection: up, down, reconnecting, the ping, health checks
 *     xray_scan.c     compare: all that Xray has against all that is wished
 *     xray_sweep.c    sweep: what nobody has wished
 *     xray_errand.c   apply: one wish and the credentials that it touches; the guard after a cut
 *     xray_fallback.c connections that nobody has reported
 *     xray_machine.c  one credential made right: remove, add, read back
 *     xray_batch.c    many credentials added and read back together
 *     xray_config.c   runtime/xray/config.json
 */
#ifndef TG_AGENT_XRAY_H
#define TG_AGENT_XRAY_H

#include "agent/components.h"
#include "agent/webhook.h"
#include "agent/xray_base.h"
#include "agent/xray_client.h"
#include "agent/xray_index.h"

struct event;
struct errand;
struct xray_config;
struct offline;

enum {
    GUARD_MS = 300 /* a connection may be reported that long after its user was removed */
};

/* A user that Xray has and nobody has wished. */
struct foreigner {
    TAILQ_ENTRY(foreigner) entry;
    struct xray *xray;
    enum xray_tag tag;
    const char *email;
    uint8_t id[16];
    bool still; /* seen again after its removal */
};

TAILQ_HEAD(foreigners, foreigner);
TAILQ_HEAD(errands, errand);
LIST_HEAD(machines, machine);
LIST_HEAD(waiters, waiter);
LIST_HEAD(fallbacks, fallback);

struct xray {
    struct component *component;
    const struct settings *settings;
    struct event_base *loop;
    struct arena arena; /* lives as long as the component */

    struct offline *offline; /* NULL: by its API */
    const char *server;      /* where that is */
    struct xray_client *client;
    struct event *tick;         /* once a second; every 100 ms while there is no connection */
    bool connected, up, asking; /* asking: a ping is under way */
    uint32_t uptime;
    unsigned runs;     /* of Xray that we have seen */
    usec_t started_at; /* when this run began, by our clock */

    struct sockets sockets;
    enum sock_result can_cut;
    struct sessions *sessions;
    struct webhook *webhook;
    usec_t listening_since;
    uint64_t late; /* of the webhook's cuts on arrival, those that were counted */

    struct xray_index index;
    bool index_ready; /* after the first comparison; before, nobody is known to be revoked */
    struct xray_base base;
    struct xray_config *config;

    struct batch *batches; /* of xray_batch.c: one per inbound */
    struct machines free_machines;
    struct waiters free_waiters;

    size_t errands; /* under way */
    struct errands free_errands;
    struct errands guarded; /* waiting for their guard's end, the earliest first */
    struct event *guard;
    struct fallbacks fallbacks, free_fallbacks;

    struct arena scan; /* what the last comparison found */
    uint64_t comparison, changes_compared;
    char scan_key[KEY_MAX + 1]; /* up to where the wishes are in the index */
    size_t scan_count;          /* of them on the last page */
    enum xray_tag scan_tag;
    size_t scan_bucket;  /* the next to be judged */
    struct event *slice; /* the comparison goes on in the loop's next turn */
    struct foreigners foreigners;
    size_t sweeping; /* removals under way */
    int64_t swept;
    struct event *sweep_guard;
};

/* -- xray_errand.c ------------------------------------------------------------------------ */

void xray_apply(struct component *component, const struct wish *wish, ticket_t ticket);
bool xray_errands_init(struct xray *xray) MUST_CHECK;
void xray_errands_free(struct xray *xray);

/* -- xray_fallback.c ---------------------------------------------------------------------- */

/* Cut what a marker that was removed still has open and nobody has reported, then call done, in
 * this call or later. */
void xray_cut_unreported(
    struct xray *xray, enum xray_tag tag, const char *marker, void (*done)(void *arg), void *arg);
void xray_fallbacks_free(struct xray *xray);

/* -- xray.c ---------------------------------------------------------------------------- */

/* Cut the sessions of a marker, and count them. */
void xray_cut(struct xray *xray, const char *marker);
void xray_count_cut(struct xray *xray, uint64_t count);

#endif
