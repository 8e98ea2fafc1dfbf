/*
 * All that Xray has against all that is wished, both ways. First the wishes are brought into the
 * index, then each managed inbound is listed, then all is judged, in slices of the loop; what
 * nobody wished is remembered for the sweep. Wishes are applied meanwhile: a credential that was
 * changed since the comparison began is busy, and what its own reading back has shown counts.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "agent/xray_config.h"
#include "agent/xray_offline.h"
#include "agent/xray_scan.h"
#include "base/log.h"

enum {
    PAGE = 500,         /* wishes read in one turn of the loop */
    SLICE_BUCKETS = 256 /* of the index, judged in one turn */
};

bool
xray_may_live(void *owner, const char *marker)
{
    struct xray *xray = owner;

    return !xray->index_ready || index_has_marker(&xray->index, marker) ||
        xray_base_owns(&xray->base, marker);
}

/* -- the wishes ------------------------------------------------------------------------ */

/* What cannot be had is handed out by the core, and refused there. What shall become another is
 * left as it is: only who applies the wish also cuts and reads back what it drops. */
static struct aggregate *
put_wish(struct xray *xray, const struct wish *wish)
{
    struct aggregate *aggregate = index_aggregate(&xray->index, wish->key);
    struct xray_claims claims = {0};
    struct touched touched;
    struct refusal refusal;
    bool known = aggregate != NULL && aggregate->hash == index_hash(wish);

    if (known || xray_wish_read(xray->settings, wish, &claims, &refusal)) {
        if (!known && aggregate != NULL && !index_carries(aggregate, &claims)) {
            aggregate->waits = true;
            return aggregate;
        }
        return index_put(&xray->index, wish, &claims, &touched);
    }
    if (aggregate == NULL)
        aggregate =
            index_put(&xray->index, &(const struct wish){.key = wish->key, .ver = wish->ver},
                &(const struct xray_claims){0}, &touched);
    aggregate->refused = true;
    return aggregate;
}

static void
take_wish(void *object, const struct wish *wish)
{
    struct xray *xray = object;
    struct aggregate *aggregate = put_wish(xray, wish);

    aggregate->refused = aggregate->refused || wish->rejected;
    aggregate->seen = xray->comparison;
    xray->scan_count++;
    snprintf(xray->scan_key, sizeof(xray->scan_key), "%s", wish->key);
}

bool
xray_know(struct xray *xray)
{
    xray->comparison++;
    return component_each(xray->component, take_wish, xray);
}

/* -- the users ------------------------------------------------------------------------- */

static void
note_foreigner(struct xray *xray, const struct xray_entry *entry, const uint8_t uuid[16])
{
    struct foreigner *foreigner = arena_alloc(&xray->scan, sizeof(*foreigner));

    *foreigner = (struct foreigner){
        .xray = xray, .tag = xray->scan_tag, .email = arena_strdup(&xray->scan, entry->name)};
    uuid_mask(uuid, foreigner->id);
    TAILQ_INSERT_TAIL(&xray->foreigners, foreigner, entry);
}

static void
note_held(struct credential *credential, const struct xray_entry *entry, const uint8_t uuid[16])
{
    struct xray_user *held = &credential->held;

    memcpy(held->email, entry->name, strlen(entry->name) + 1);
    memcpy(held->uuid, uuid, sizeof(held->uuid));
    held->flow = (uint8_t)flow_parse(entry->flow);
    credential->listed = true;
    credential->unproven = false;
}

/* Of a credential that is busy only what it itself made may be there: else look again, later. */
static void
check_busy(struct xray *xray, const struct credential *credential, const struct xray_entry *entry)
{
    const struct xray_user *wanted = credential_wanted(credential);

    if (!str_eq(entry->name, credential->held.email) &&
        (wanted == NULL || !str_eq(entry->name, wanted->email)) && credential->machine == NULL)
        component_suspect(xray->component);
}

static void
take_user(void *arg, const struct xray_entry *entry)
{
    struct xray *xray = arg;
    uint8_t uuid[16] = {0};

    /* One without an e-mail can neither be removed nor belong to anybody but the base. */
    if (entry->name[0] == '\0' || xray_base_owns(&xray->base, entry->name))
        return;
    struct credential *credential =
        uuid_parse(entry->uuid, uuid) ? index_credential(&xray->index, xray->scan_tag, uuid) : NULL;
    if (credential != NULL && credential->busy) {
        check_busy(xray, credential, entry);
    } else if (credential == NULL || credential->carriers == NULL) {
        note_foreigner(xray, entry, uuid);
    } else if (credential->listed || strlen(entry->name) >= MARKER_SIZE) {
        credential->clash = true;
        note_foreigner(xray, entry, uuid);
    } else {
        note_held(credential, entry, uuid);
    }
}

/* -- the judgement --------------------------------------------------------------------- */

static bool
is_right(const struct aggregate *aggregate)
{
    for (const struct carrier *carrier = aggregate->carriers; carrier != NULL;
         carrier = carrier->of_aggregate) {
        if (!credential_right(carrier->credential))
            return false;
    }
    return true;
}

static void
judge(struct xray *xray, struct aggregate *aggregate)
{
    if (aggregate->seen != xray->comparison || aggregate->refused || aggregate->waits ||
        aggregate->guard_until > time_monotonic())
        return;
    if (!is_right(aggregate))
        component_differs(xray->component, aggregate->key);
    else if (aggregate->settled != aggregate->ver)
        component_same(xray->component, aggregate->key, aggregate->ver);
    aggregate->settled = is_right(aggregate) ? aggregate->ver : 0;
}

static void
cut_if_revoked(void *arg, const char *marker)
{
    if (!xray_may_live(arg, marker))
        xray_cut(arg, marker);
}

static void
finish_comparison(struct xray *xray)
{
    xray->index_ready = true;
    if (xray->index.changes != xray->changes_compared)
        xray_config_touch(xray->config);
    xray->changes_compared = xray->index.changes;
    sessions_each(xray->sessions, cut_if_revoked, xray);
    component_compared(xray->component);
}

/* What the lists have not shown is not there. Errands may still come to what they have touched. */
static void
miss_credentials(struct xray *xray, size_t bucket)
{
    struct credential *credential, *next;

    for (credential = LIST_FIRST(&xray->index.credentials[bucket]); credential != NULL;
         credential = next) {
        next = LIST_NEXT(credential, by_id);
        if (!credential->listed && !credential->busy)
            credential->held = (struct xray_user){0};
        if (xray->errands == 0 && credential->carriers == NULL && credential->machine == NULL &&
            credential->held.email[0] == '\0')
            index_drop_credential(&xray->index, credential);
    }
}

static void
judge_slice(struct xray *xray)
{
    size_t end = xray->scan_bucket + SLICE_BUCKETS;

    for (; xray->scan_bucket < end; xray->scan_bucket++) {
        struct aggregate *aggregate;
        LIST_FOREACH(aggregate, &xray->index.aggregates[xray->scan_bucket], by_key)
        judge(xray, aggregate);
    }
}

/* -- the comparison -------------------------------------------------------------------- */

static void list_next(struct xray *xray);
static void begin_judging(struct xray *xray);

static void
listed(void *arg, const struct xray_answer *answer)
{
    struct xray *xray = arg;

    if (answer->result != XRAY_OK && answer->result != XRAY_NO_INBOUND) {
        xray_client_drop(xray->client, xray_result_text(answer->result));
        return;
    }
    xray->scan_tag++;
    list_next(xray);
}

static void
go_on_soon(struct xray *xray)
{
    static const struct timeval at_once = {0, 0};

    evtimer_add(xray->slice, &at_once);
}

static void
begin_judging(struct xray *xray)
{
    for (size_t i = 0; i < INDEX_BUCKETS; i++)
        miss_credentials(xray, i);
    xray->scan_bucket = 0;
    go_on_soon(xray);
}

static void
list_next(struct xray *xray)
{
    while (
        xray->scan_tag < XRAY_TAGS && !xray_tag_managed(xray->scan_tag, xray->settings->agent_role))
        xray->scan_tag++;
    if (xray->scan_tag == XRAY_TAGS)
        begin_judging(xray);
    else
        xray_get_users(xray->client, xray_tags[xray->scan_tag], "",
            (struct xray_visit){take_user, xray}, (struct xray_done){listed, xray});
}

/* Not wished any more. Its removal is still to be applied where it carries something, unless that
 * was given up: then what it leaves in Xray is foreign. */
static bool
is_over(struct xray *xray, const struct aggregate *aggregate)
{
    struct arena arena = {0};
    struct wish wish;

    if (aggregate->seen == xray->comparison || aggregate->errands > 0 ||
        aggregate->guard_until > time_monotonic())
        return false;
    if (aggregate->carriers == NULL)
        return true;
    bool over = !component_find(xray->component, aggregate->key, &arena, &wish) || wish.rejected;
    arena_reset(&arena);
    return over;
}

static void
clear_out(struct xray *xray)
{
    struct aggregate *aggregate, *next;

    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        for (aggregate = LIST_FIRST(&xray->index.aggregates[i]); aggregate != NULL;
             aggregate = next) {
            next = LIST_NEXT(aggregate, by_key);
            if (is_over(xray, aggregate))
                index_drop_aggregate(&xray->index, aggregate);
        }
    }
}

static void
begin_listing(struct xray *xray)
{
    struct credential *credential;

    clear_out(xray);
    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        LIST_FOREACH(credential, &xray->index.credentials[i], by_id)
        {
            credential->listed = false;
            credential->busy = credential->machine != NULL;
            credential->clash = credential->clash && credential->busy;
        }
    }
    xray->scan_tag = 0;
    list_next(xray);
}

/* Wishes that are changed between two pages are handed out anyway. */
static void
know_next(struct xray *xray)
{
    xray->scan_count = 0;
    if (!component_page(xray->component, xray->scan_key, PAGE, take_wish, xray))
        xray_client_drop(xray->client, "the state cannot be read");
    else if (xray->scan_count == PAGE)
        go_on_soon(xray);
    else
        begin_listing(xray);
}

/* The wishes are read before anything is listed, and all is listed before anything is judged. */
void
xray_scan_slice(int fd, short what, void *arg)
{
    struct xray *xray = arg;

    (void)fd, (void)what;
    if (xray->scan_tag < XRAY_TAGS) {
        know_next(xray);
        return;
    }
    judge_slice(xray);
    if (xray->scan_bucket < INDEX_BUCKETS)
        go_on_soon(xray);
    else
        finish_comparison(xray);
}

/* The removal of what still carries something is yet to be applied. */
static void
drop_unwished(struct xray *xray, size_t bucket)
{
    struct aggregate *aggregate, *next;

    for (aggregate = LIST_FIRST(&xray->index.aggregates[bucket]); aggregate != NULL;
         aggregate = next) {
        next = LIST_NEXT(aggregate, by_key);
        if (aggregate->seen != xray->comparison && aggregate->carriers == NULL)
            index_drop_aggregate(&xray->index, aggregate);
    }
    miss_credentials(xray, bucket);
}

static void
judge_by(struct xray *xray, struct aggregate *aggregate, bool right)
{
    if (aggregate->seen != xray->comparison || aggregate->refused || aggregate->waits)
        return;
    if (!right)
        component_differs(xray->component, aggregate->key);
    else if (aggregate->settled != aggregate->ver)
        component_same(xray->component, aggregate->key, aggregate->ver);
    aggregate->settled = right ? aggregate->ver : 0;
}

void
xray_judge_all(struct xray *xray, bool right)
{
    struct aggregate *aggregate;

    xray->index_ready = true;
    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        LIST_FOREACH(aggregate, &xray->index.aggregates[i], by_key)
        judge_by(xray, aggregate, right);
        drop_unwished(xray, i);
    }
    component_compared(xray->component);
}

void
xray_compare(struct component *component)
{
    struct xray *xray = component_self(component);

    if (xray->offline != NULL) {
        offline_compare(xray->offline);
        return;
    }
    arena_reset(&xray->scan);
    TAILQ_INIT(&xray->foreigners);
    xray->comparison++;
    xray->scan_tag = 0;
    *xray->scan_key = '\0';
    know_next(xray);
}
