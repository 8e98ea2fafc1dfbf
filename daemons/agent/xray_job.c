/*
 * One wish applied: its credentials are made right, those that lose something first (a changed UUID
 * keeps its e-mail, which must be free before it can be given again). Where sessions were cut the
 * wish is done only when its guard has passed.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "agent/xray.h"
#include "agent/xray_config.h"

struct job {
    TAILQ_ENTRY(job) entry;
    struct xray *xray;
    struct aggregate *aggregate;
    ticket_t ticket;
    usec_t started_at, due;
    struct touched touched;
    size_t losers; /* so many of them are the first round */
    size_t next;
    unsigned running;
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
report_failure(struct job *job)
{
    struct component *component = job->xray->component;
    const char *text = xray_result_text(job->result);

    for (size_t i = 0; i < COUNT(rejections); i++) {
        if (rejections[i].result == job->result) {
            component_rejected(component, job->ticket, rejections[i].code, text);
            return;
        }
    }
    component_failed(component, job->ticket, text);
    component_suspect(component);
}

static void
job_release(struct job *job)
{
    TAILQ_INSERT_HEAD(&job->xray->free_jobs, job, entry);
}

/* -- the guard ------------------------------------------------------------------------- */

static void
wait_for_guard(struct xray *xray)
{
    const struct job *job = TAILQ_FIRST(&xray->guarded);

    if (job == NULL || evtimer_pending(xray->guard, NULL))
        return;
    usec_t left = job->due - time_monotonic();
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
    struct job *job = arg;

    if (job->searched < job->cut_count && reports_may_be_missing(job->xray)) {
        size_t next = job->searched++;
        xray_cut_unreported(job->xray, job->cuts[next].tag, job->cuts[next].marker, finish, job);
        return;
    }
    component_done(job->xray->component, job->ticket);
    job_release(job);
}

static void
on_guard(evutil_socket_t fd, short what, void *arg)
{
    struct xray *xray = arg;
    struct job *job;

    (void)fd, (void)what;
    while ((job = TAILQ_FIRST(&xray->guarded)) != NULL && job->due <= time_monotonic()) {
        TAILQ_REMOVE(&xray->guarded, job, entry);
        finish(job);
    }
    wait_for_guard(xray);
}

/* Also a later wish for the key waits for the cut that an earlier one began. */
static void
settle(struct job *job)
{
    struct xray *xray = job->xray;
    struct aggregate *aggregate = job->aggregate;
    usec_t now = time_monotonic();

    if (job->cut_count > 0)
        aggregate->guard_until = now + GUARD_MS * USEC_MS;
    if (aggregate->guard_until <= now) {
        aggregate->settled = aggregate->ver;
        component_done(xray->component, job->ticket);
        job_release(job);
        return;
    }
    component_applied(xray->component, job->ticket);
    job->due = now + GUARD_MS * USEC_MS; /* not sooner than the others: the queue stays sorted */
    TAILQ_INSERT_TAIL(&xray->guarded, job, entry);
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
note_cut(struct job *job, const struct machine_report *report)
{
    if (job->cut_count == CLAIMS_MAX)
        return;
    job->cuts[job->cut_count].tag = report->tag;
    snprintf(job->cuts[job->cut_count].marker, MARKER_SIZE, "%s", report->cut);
    job->cut_count++;
}

static void go_on(struct job *job);

static void
credential_done(void *arg, const struct machine_report *report)
{
    struct job *job = arg;

    if (report->result != XRAY_OK && job->result != XRAY_AWAY)
        job->result = report->result;
    if (report->cut[0] != '\0')
        note_cut(job, report);
    job->running--;
    go_on(job);
}

/* Counted once more while they are started: an answer may come within the call. */
static void
start_round(struct job *job)
{
    size_t end = job->next < job->losers ? job->losers : job->touched.count;

    job->running++;
    while (job->next < end) {
        job->running++;
        xray_make_right(job->xray, job->touched.list[job->next++], credential_done, job);
    }
    job->running--;
}

static void
end(struct job *job)
{
    if (job->result == XRAY_OK) {
        settle(job);
        return;
    }
    if (job->result == XRAY_AWAY) /* the end of the connection makes the ticket void */
        xray_client_drop(job->xray->client, xray_result_text(XRAY_AWAY));
    else
        report_failure(job);
    job_release(job);
}

static void
go_on(struct job *job)
{
    while (job->running == 0 && job->result == XRAY_OK && job->next < job->touched.count)
        start_round(job);
    if (job->running == 0)
        end(job);
}

/* Those that lose something to the front. */
static void
sort_touched(struct job *job)
{
    struct credential **list = job->touched.list;

    for (size_t i = 0; i < job->touched.count; i++) {
        struct credential *credential = list[i];
        if (!loses(credential))
            continue;
        list[i] = list[job->losers];
        list[job->losers++] = credential;
    }
}

static struct job *
job_take(struct xray *xray)
{
    struct job *job = TAILQ_FIRST(&xray->free_jobs);

    if (job == NULL)
        return arena_alloc(&xray->arena, sizeof(*job));
    TAILQ_REMOVE(&xray->free_jobs, job, entry);
    return job;
}

void
xray_apply(struct component *component, const struct wish *wish, ticket_t ticket)
{
    struct xray *xray = component_self(component);
    struct xray_claims claims;
    struct refusal refusal;

    if (!xray_wish_read(xray->settings, wish, &claims, &refusal)) {
        component_rejected(component, ticket, refusal.code, refusal.detail);
        return;
    }
    struct job *job = job_take(xray);
    *job = (struct job){.xray = xray, .ticket = ticket, .started_at = time_monotonic()};
    uint64_t changes = xray->index.changes;
    job->aggregate = index_put(&xray->index, wish, &claims, &job->touched);
    if (xray->index.changes != changes)
        xray_config_touch(xray->config);
    sort_touched(job);
    go_on(job);
}

bool
xray_jobs_init(struct xray *xray)
{
    TAILQ_INIT(&xray->free_jobs);
    TAILQ_INIT(&xray->guarded);
    xray->guard = evtimer_new(xray->loop, on_guard, xray);
    return xray->guard != NULL;
}

void
xray_jobs_free(struct xray *xray)
{
    if (xray->guard != NULL)
        event_free(xray->guard);
}
