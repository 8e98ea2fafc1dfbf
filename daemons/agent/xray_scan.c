/*
 * All that Xray has against all that is wished, both ways. First the wishes are brought into the
 * index, then each managed inbound is listed; what nobody wished is remembered for the sweep.
 */
#include <event2/event.h>
#include <string.h>

#include "agent/xray.h"
#include "agent/xray_config.h"
#include "base/log.h"

bool
xray_may_live(void *owner, const char *marker)
{
    struct xray *xray = owner;

    return !xray->index_ready || index_has_marker(&xray->index, marker) ||
        xray_base_owns(&xray->base, marker);
}

/* -- the wishes ------------------------------------------------------------------------ */

/* What cannot be had is handed out by the core, and refused there. */
static void
take_wish(void *object, const struct wish *wish)
{
    struct xray *xray = object;
    struct aggregate *aggregate = index_aggregate(&xray->index, wish->key);
    struct xray_claims claims = {0};
    struct touched touched;
    struct refusal refusal;
    bool known = aggregate != NULL && aggregate->hash == index_hash(wish);

    if (!known && !xray_wish_read(xray->settings, wish, &claims, &refusal)) {
        const struct wish nothing = {.key = wish->key, .ver = wish->ver};
        claims.count = 0;
        if (aggregate == NULL)
            aggregate = index_put(&xray->index, &nothing, &claims, &touched);
        aggregate->refused = true;
    } else {
        aggregate = index_put(&xray->index, wish, &claims, &touched);
    }
    aggregate->refused = aggregate->refused || wish->rejected;
    aggregate->seen = xray->comparison;
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
    if (credential == NULL || credential->carriers == NULL) {
        note_foreigner(xray, entry, uuid);
    } else if (credential->held.email[0] != '\0' || strlen(entry->name) >= MARKER_SIZE) {
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
    if (aggregate->seen != xray->comparison || aggregate->refused)
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
    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        struct aggregate *aggregate;
        LIST_FOREACH(aggregate, &xray->index.aggregates[i], by_key)
        judge(xray, aggregate);
    }
    sessions_each(xray->sessions, cut_if_revoked, xray);
    component_compared(xray->component);
}

/* -- the comparison -------------------------------------------------------------------- */

static void list_next(struct xray *xray);

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
list_next(struct xray *xray)
{
    while (
        xray->scan_tag < XRAY_TAGS && !xray_tag_managed(xray->scan_tag, xray->settings->agent_role))
        xray->scan_tag++;
    if (xray->scan_tag == XRAY_TAGS)
        finish_comparison(xray);
    else
        xray_get_users(xray->client, xray_tags[xray->scan_tag], "",
            (struct xray_visit){take_user, xray}, (struct xray_done){listed, xray});
}

/* What is not wished any more, and what nothing is known of. */
static void
clear_out(struct xray *xray)
{
    struct aggregate *aggregate, *next_aggregate;
    struct credential *credential, *next;

    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        for (aggregate = LIST_FIRST(&xray->index.aggregates[i]); aggregate != NULL;
             aggregate = next_aggregate) {
            next_aggregate = LIST_NEXT(aggregate, by_key);
            if (aggregate->seen != xray->comparison && aggregate->guard_until < time_monotonic())
                index_drop_aggregate(&xray->index, aggregate);
        }
    }
    for (size_t i = 0; i < INDEX_BUCKETS; i++) {
        for (credential = LIST_FIRST(&xray->index.credentials[i]); credential != NULL;
             credential = next) {
            next = LIST_NEXT(credential, by_id);
            credential->held = (struct xray_user){0};
            credential->clash = false;
            if (credential->carriers == NULL && credential->machine == NULL)
                index_drop_credential(&xray->index, credential);
        }
    }
}

void
xray_compare(struct component *component)
{
    struct xray *xray = component_self(component);

    arena_reset(&xray->scan);
    TAILQ_INIT(&xray->foreigners);
    if (!xray_know(xray)) {
        xray_client_drop(xray->client, "the state cannot be read");
        return;
    }
    clear_out(xray);
    xray->scan_tag = 0;
    list_next(xray);
}

/* -- the sweep ------------------------------------------------------------------------- */

static void sweep_next(struct xray *xray);

static void
finish_sweep(struct xray *xray)
{
    int64_t removed = xray->swept;

    xray->swept = 0;
    component_swept(xray->component, removed);
}

void
xray_sweep_guard(int fd, short what, void *xray)
{
    (void)fd, (void)what;
    finish_sweep(xray);
}

/* As after any removal: what they still had open may be reported late. */
static void
end_sweep(struct xray *xray)
{
    const struct timeval delay = {0, GUARD_MS * USEC_MS};

    if (xray->swept == 0)
        finish_sweep(xray);
    else
        evtimer_add(xray->sweep_guard, &delay);
}

static void
end_one(struct xray *xray)
{
    xray->sweeping--;
    sweep_next(xray);
}

static void
see_still(void *arg, const struct xray_entry *entry)
{
    (void)entry;
    ((struct foreigner *)arg)->still = true;
}

static void
swept_one(void *arg, const struct xray_answer *answer)
{
    struct foreigner *foreigner = arg;
    struct xray *xray = foreigner->xray;

    if (answer->result == XRAY_AWAY) {
        xray_client_drop(xray->client, xray_result_text(XRAY_AWAY));
        return;
    }
    if (answer->result == XRAY_OK && !foreigner->still) {
        xray->swept++;
        xray_cut(xray, foreigner->email);
    }
    end_one(xray);
}

static void
removed_one(void *arg, const struct xray_answer *answer)
{
    struct foreigner *foreigner = arg;
    struct xray *xray = foreigner->xray;

    if (answer->result == XRAY_AWAY) {
        xray_client_drop(xray->client, xray_result_text(XRAY_AWAY));
        return;
    }
    xray_get_users(xray->client, xray_tags[foreigner->tag], foreigner->email,
        (struct xray_visit){see_still, foreigner}, (struct xray_done){swept_one, foreigner});
}

static void
sweep_one(struct xray *xray, struct foreigner *foreigner)
{
    TAILQ_REMOVE(&xray->foreigners, foreigner, entry);
    if (index_wants(&xray->index, foreigner->tag, foreigner->email))
        return;
    xray->sweeping++;
    xray_remove_user(xray->client, xray_tags[foreigner->tag], foreigner->email,
        (struct xray_done){removed_one, foreigner});
}

static void
sweep_next(struct xray *xray)
{
    struct foreigner *foreigner;

    while (xray->connected && xray->sweeping < H2_IN_FLIGHT &&
        (foreigner = TAILQ_FIRST(&xray->foreigners)) != NULL)
        sweep_one(xray, foreigner);
    if (xray->connected && xray->sweeping == 0 && TAILQ_EMPTY(&xray->foreigners))
        end_sweep(xray);
}

void
xray_sweep(struct component *component)
{
    struct xray *xray = component_self(component);

    xray->sweeping = 0;
    sweep_next(xray);
}
