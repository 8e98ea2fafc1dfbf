/*
 * One wish applied: its credentials are made right, those that lose something first (a changed UUID
 * keeps its e-mail, which must be free before it can be given again). Where sessions were cut the
 * wish is done only when its guard has passed.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "agent/gauges.h"
#include "agent/xray.h"
#include "agent/xray_config.h"
#include "agent/xray_machine.h"
#include "agent/xray_offline.h"

struct errand {
    TAILQ_ENTRY(errand) entry;
    struct xray *xray;
    struct aggregate *aggregate;
    ticket_t ticket;
    usec_t started_at, due;
    struct touched touched;
    size_t losers; /* so many of them are the first round */
    size_t next;
    unsigned running;
    bool removed;               /* the whole key */
    bool unproven;              /* something was added that nobody has read back */
    enum xray_result result;    /* the worst so far */
    size_t cut_count, searched; /* markers whose sessions were cut; those also looked for */
    struct {
        enum xray_tag tag;
        char marker[MARKER_SIZE];
    } cuts[CLAIMS_MAX];
};

/* -- reports --------------------------------------------------------------------------- */

static const struct {
    enum xray_result result;
    const char *code;
} rejections[] = {
    {XRAY_NO_INBOUND, "unknown_inbound"},
    {XRAY_INVALID, "bad_credential"},
    {XRAY_UNSUPPORTED, "unsupported"},
};

static void
report_failure(struct errand *errand)
{
    struct component *component = errand->xray->component;
    const char *text = xray_result_text(errand->result);

    for (size_t i = 0; i < COUNT(rejections); i++) {
        if (rejections[i].result == errand->result) {
            component_rejected(component, errand->ticket, rejections[i].code, text);
            return;
        }
    }
    component_failed(component, errand->ticket, text);
    component_suspect(component);
}

static void
errand_release(struct errand *errand)
{
    errand->aggregate->errands--;
    errand->xray->errands--;
    TAILQ_INSERT_HEAD(&errand->xray->free_errands, errand, entry);
}

/* -- the guard ------------------------------------------------------------------------- */

static void
wait_for_guard(struct xray *xray)
{
    const struct errand *errand = TAILQ_FIRST(&xray->guarded);

    if (errand == NULL || evtimer_pending(xray->guard, NULL))
        return;
    usec_t left = errand->due - time_monotonic();
    const struct timeval delay = {0, left > 0 ? left : 0};
    evtimer_add(xray->guard, &delay);
}

/* Reports are sent once: those of before we listened to this run of Xray are missing. */
static bool
reports_may_be_missing(const struct xray *xray)
{
    return xray->started_at < xray->listening_since;
}

static void
finish(void *arg)
{
    struct errand *errand = arg;

    if (errand->searched < errand->cut_count && reports_may_be_missing(errand->xray)) {
        size_t next = errand->searched++;
        xray_cut_unreported(
            errand->xray, errand->cuts[next].tag, errand->cuts[next].marker, finish, errand);
        return;
    }
    if (errand->cut_count > 0 &&
        !errand->removed) /* of a key that is gone the core takes the time */
        metrics_observe(component_metrics(errand->xray->component), &gauge_revocation,
            (double)(time_monotonic() - errand->started_at) / USEC_SEC, "xray");
    component_done(errand->xray->component, errand->ticket);
    errand_release(errand);
}

static void
on_guard(evutil_socket_t fd, short what, void *arg)
{
    struct xray *xray = arg;
    struct errand *errand;

    (void)fd, (void)what;
    while ((errand = TAILQ_FIRST(&xray->guarded)) != NULL && errand->due <= time_monotonic()) {
        TAILQ_REMOVE(&xray->guarded, errand, entry);
        finish(errand);
    }
    wait_for_guard(xray);
}

/* Also a later wish for the key waits for the cut that an earlier one began. */
static void
settle(struct errand *errand)
{
    struct xray *xray = errand->xray;
    struct aggregate *aggregate = errand->aggregate;
    usec_t now = time_monotonic();

    if (errand->cut_count > 0)
        aggregate->guard_until = now + GUARD_MS * USEC_MS;
    if (aggregate->guard_until <= now) {
        aggregate->settled = aggregate->ver;
        component_done(xray->component, errand->ticket);
        errand_release(errand);
        return;
    }
    component_applied(xray->component, errand->ticket);
    errand->due = now + GUARD_MS * USEC_MS; /* not sooner than the others: the queue stays sorted */
    TAILQ_INSERT_TAIL(&xray->guarded, errand, entry);
    wait_for_guard(xray);
}

/* -- the credentials ------------------------------------------------------------------- */

static bool
loses(const struct credential *credential)
{
    const struct xray_user *wanted = credential_wanted(credential);

    return credential->held.email[0] != '\0' &&
        (wanted == NULL || !xray_user_same(wanted, &credential->held));
}

static void
note_cut(struct errand *errand, const struct machine_report *report)
{
    if (errand->cut_count == CLAIMS_MAX)
        return;
    errand->cuts[errand->cut_count].tag = report->tag;
    snprintf(errand->cuts[errand->cut_count].marker, MARKER_SIZE, "%s", report->cut);
    errand->cut_count++;
}

static void go_on(struct errand *errand);

static void
credential_done(void *arg, const struct machine_report *report)
{
    struct errand *errand = arg;

    if (report->result != XRAY_OK && errand->result != XRAY_AWAY)
        errand->result = report->result;
    if (report->cut[0] != '\0')
        note_cut(errand, report);
    errand->unproven = errand->unproven || report->unproven;
    errand->running--;
    go_on(errand);
}

/* Counted once more while they are started: an answer may come within the call. */
static void
start_round(struct errand *errand)
{
    size_t end = errand->next < errand->losers ? errand->losers : errand->touched.count;

    errand->running++;
    while (errand->next < end) {
        errand->running++;
        xray_make_right(errand->xray,
            &(const struct machine_order){.credential = errand->touched.list[errand->next++],
                .hasty = errand->losers == 0,
                .done = credential_done,
                .arg = errand});
    }
    errand->running--;
}

static void
end(struct errand *errand)
{
    if (errand->result == XRAY_OK && !errand->unproven) {
        settle(errand);
        return;
    }
    if (errand->result == XRAY_OK) {
        component_unproven(errand->xray->component, errand->ticket);
        errand_release(errand);
        return;
    }
    if (errand->result == XRAY_AWAY) /* the end of the connection makes the ticket void */
        xray_client_drop(errand->xray->client, xray_result_text(XRAY_AWAY));
    else
        report_failure(errand);
    errand_release(errand);
}

static void
go_on(struct errand *errand)
{
    while (
        errand->running == 0 && errand->result == XRAY_OK && errand->next < errand->touched.count)
        start_round(errand);
    if (errand->running == 0)
        end(errand);
}

/* Those that lose something to the front. */
static void
sort_touched(struct errand *errand)
{
    struct credential **list = errand->touched.list;

    for (size_t i = 0; i < errand->touched.count; i++) {
        struct credential *credential = list[i];
        if (!loses(credential))
            continue;
        list[i] = list[errand->losers];
        list[errand->losers++] = credential;
    }
}

static struct errand *
errand_take(struct xray *xray)
{
    struct errand *errand = TAILQ_FIRST(&xray->free_errands);

    if (errand == NULL)
        return arena_alloc(&xray->arena, sizeof(*errand));
    TAILQ_REMOVE(&xray->free_errands, errand, entry);
    return errand;
}

/* What is handed out after a comparison is in the index as it is: reading it would take longer than
 * all else. */
static bool
is_known(struct xray *xray, const struct wish *wish)
{
    const struct aggregate *aggregate = index_aggregate(&xray->index, wish->key);

    return aggregate != NULL && !aggregate->refused && aggregate->hash == index_hash(wish);
}

void
xray_apply(struct component *component, const struct wish *wish, ticket_t ticket)
{
    struct xray *xray = component_self(component);
    struct xray_claims claims = {0};
    struct refusal refusal;

    if (!is_known(xray, wish) && !xray_wish_read(xray->settings, wish, &claims, &refusal)) {
        component_rejected(component, ticket, refusal.code, refusal.detail);
        return;
    }
    if (xray->offline != NULL) {
        struct touched touched;
        index_put(&xray->index, wish, &claims, &touched);
        offline_apply(xray->offline, ticket);
        return;
    }
    struct errand *errand = errand_take(xray);
    *errand = (struct errand){
        .xray = xray, .ticket = ticket, .started_at = time_monotonic(), .removed = wish->removed};
    uint64_t changes = xray->index.changes;
    errand->aggregate = index_put(&xray->index, wish, &claims, &errand->touched);
    errand->aggregate->errands++;
    xray->errands++;
    if (xray->index.changes != changes)
        xray_config_touch(xray->config);
    sort_touched(errand);
    go_on(errand);
}

bool
xray_errands_init(struct xray *xray)
{
    TAILQ_INIT(&xray->free_errands);
    TAILQ_INIT(&xray->guarded);
    xray->guard = evtimer_new(xray->loop, on_guard, xray);
    return xray->guard != NULL;
}

void
xray_errands_free(struct xray *xray)
{
    if (xray->guard != NULL)
        event_free(xray->guard);
}
