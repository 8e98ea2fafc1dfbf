/* What the last comparison found and nobody has wished since is removed, and read back. */
#include <event2/event.h>

#include "agent/xray_scan.h"

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

/* Its removal may have taken away what was added meanwhile, under its name or its id. */
static bool
is_wished_by_now(const struct foreigner *foreigner)
{
    struct xray_index *index = &foreigner->xray->index;
    const struct credential *credential = index_credential(index, foreigner->tag, foreigner->id);

    return index_wants(index, foreigner->tag, foreigner->email) ||
        (credential != NULL && credential->carriers != NULL);
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
    if (is_wished_by_now(foreigner))
        component_suspect(xray->component);
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
    if (xray->offline != NULL)
        component_swept(component, 0);
    else
        sweep_next(xray);
}
