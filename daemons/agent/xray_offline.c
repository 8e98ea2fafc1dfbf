#include "agent/xray_offline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/bundle_files.h"
#include "agent/child.h"
#include "agent/xray_config.h"
#include "agent/xray_scan.h"
#include "base/log.h"

enum {
    RELOAD_MS = 30000,
    MARK_SIZE = 24
};

#define FOLDER "runtime/xray"
#define MARK   "config.started"

struct handed {
    TAILQ_ENTRY(handed) entry;
    ticket_t ticket;
    usec_t came_at;
};

TAILQ_HEAD(handed_queue, handed);

struct offline {
    struct arena arena; /* holds this very object */
    struct xray *xray;
    struct handed_queue waiting, unused;
    struct child *reload;
    struct xray_config_placed running; /* what Xray is being started with */
    bool placed_again;                 /* another file has come meanwhile */
    struct xray_config_placed next;
    uint64_t started; /* index.changes that Xray was started with; valid when `known` */
    bool known;
};

/* -- what Xray was started with -------------------------------------------------------- */

static uint64_t
user_sum(const struct credential *credential)
{
    const struct xray_user *user = credential_wanted(credential);
    char text[160], uuid[UUID_SIZE];

    uuid_print(user->uuid, uuid);
    int length =
        snprintf(text, sizeof(text), "%d %s %s %d", credential->tag, user->email, uuid, user->flow);
    return index_hash(&(const struct wish){.payload = text, .payload_size = (size_t)length});
}

/* Of all users, in whatever order. */
static void
sum_of(const struct xray *xray, char mark[MARK_SIZE])
{
    const struct credential *credential;
    uint64_t sum = 0;

    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        LIST_FOREACH(credential, &xray->index.credentials[i], by_id)
        sum ^= credential->carriers != NULL ? user_sum(credential) : 0;
    }
    snprintf(mark, MARK_SIZE, "%016" PRIx64, sum);
}

static void
write_mark(struct offline *offline)
{
    const struct xray *xray = offline->xray;
    char mark[MARK_SIZE];
    struct err err;

    offline->known = offline->running.changes == xray->index.changes;
    offline->started = offline->running.changes;
    sum_of(xray, mark);
    if (!offline->known)
        *mark = '\0'; /* the next file is on its way */
    if (!bundle_replace(component_root(xray->component), FOLDER,
            &(const struct bundle_file){MARK, mark, strlen(mark)}, &err))
        log_error("component=xray detail=\"%s\", Xray may be restarted in vain", err.detail);
}

/* -- the restart ----------------------------------------------------------------------- */

/* All whose wishes were in the index when the file was begun. */
static void
report(struct offline *offline, const char *failure)
{
    struct component *component = offline->xray->component;
    struct handed *handed;

    while ((handed = TAILQ_FIRST(&offline->waiting)) != NULL &&
        handed->came_at <= offline->running.started_at) {
        TAILQ_REMOVE(&offline->waiting, handed, entry);
        TAILQ_INSERT_HEAD(&offline->unused, handed, entry);
        if (failure == NULL)
            component_done(component, handed->ticket);
        else
            component_failed(component, handed->ticket, failure);
    }
}

static void start(struct offline *offline, struct xray_config_placed placed);

static void
reloaded(void *arg, int status)
{
    struct offline *offline = arg;

    offline->reload = NULL;
    if (status == 0)
        write_mark(offline);
    report(offline, status == 0 ? NULL : "AGENT_RELOAD_XRAY_CMD has failed");
    if (offline->placed_again) {
        offline->placed_again = false;
        start(offline, offline->next);
    }
}

static void
start(struct offline *offline, struct xray_config_placed placed)
{
    struct xray *xray = offline->xray;
    struct arena arena = {0};
    const char *const *words = child_words(&arena, xray->settings->agent_reload_xray_cmd);
    struct err err;

    log_info("component=xray detail=\"Xray is restarted, its users have changed\"");
    offline->known = false;
    offline->running = placed;
    if (words == NULL ||
        !child_start(xray->loop, words, RELOAD_MS, (struct child_done){reloaded, offline},
            &offline->reload, &err))
        report(offline, "AGENT_RELOAD_XRAY_CMD cannot be started");
    arena_reset(&arena);
}

static void
on_placed(void *arg, struct xray_config_placed placed)
{
    struct offline *offline = arg;

    if (offline->reload == NULL) {
        start(offline, placed);
        return;
    }
    offline->placed_again = true;
    offline->next = placed;
}

/* -- the component --------------------------------------------------------------------- */

void
offline_apply(struct offline *offline, ticket_t ticket)
{
    struct xray *xray = offline->xray;
    struct handed *handed = TAILQ_FIRST(&offline->unused);

    if (offline->known && offline->started == xray->index.changes) {
        component_done(xray->component, ticket);
        return;
    }
    if (handed != NULL)
        TAILQ_REMOVE(&offline->unused, handed, entry);
    else
        handed = arena_alloc(&offline->arena, sizeof(*handed));
    *handed = (struct handed){.ticket = ticket, .came_at = time_monotonic()};
    TAILQ_INSERT_TAIL(&offline->waiting, handed, entry);
    xray_config_touch(xray->config);
}

/* All is as it was at Xray's start, or all that is not being brought in already is asked for. */
void
offline_compare(struct offline *offline)
{
    struct xray *xray = offline->xray;
    char mark[MARK_SIZE];

    if (!xray_know(xray)) {
        component_down(xray->component, "the state cannot be read");
        return;
    }
    sum_of(xray, mark);
    bool same = bundle_holds(component_root(xray->component), FOLDER "/" MARK, mark);
    if (same && offline->reload == NULL) {
        offline->known = true;
        offline->started = xray->index.changes;
    } else {
        xray_config_touch(xray->config);
    }
    xray_judge_all(xray, same);
}

struct offline *
offline_new(struct xray *xray)
{
    struct arena arena = {0};
    struct offline *offline = arena_alloc(&arena, sizeof(*offline));

    offline->arena = arena;
    offline->xray = xray;
    TAILQ_INIT(&offline->waiting);
    TAILQ_INIT(&offline->unused);
    xray_config_watch(xray->config, on_placed, offline);
    return offline;
}

void
offline_free(struct offline *offline)
{
    if (offline == NULL)
        return;
    child_cancel(offline->reload);
    struct arena arena = offline->arena;
    arena_reset(&arena);
}
