/*
 * The bundle component: base configurations laid down, tested and taken into use, one at a time.
 *
 *     read and check → bundles/<name>/ → a config.json with this base, tested by Xray → base/ →
 *     Xray restarted once, where its base is another one or it does not run → it answers → done
 *
 * Every other base restarts Xray, if only an inbound has changed: to exchange that one live takes
 * it as the message that Xray's own reader of JSON makes, and no call of its API offers that
 * reader. Users are no part of the base, and never restart anything.
 *
 * A restart is owed until base/xray.started names the base that Xray was last started with: it is
 * written when Xray has answered, so a crash at any point leaves the restart owed.
 */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/bundle_files.h"
#include "agent/child.h"
#include "agent/xray.h"
#include "agent/xray_config.h"
#include "agent/xray_scan.h"
#include "base/log.h"
#include "crypto/digest.h"

enum {
    RELOAD_MS = 30000,
    LOOK_MS = 50,
    DOUBLINGS = 2
};

#define STARTED "base/xray.started"

struct bundle {
    struct component *component;
    struct arena arena; /* holds this very object */
    struct event *look;

    /* the wish at work */
    struct arena job;
    ticket_t ticket;
    struct bundle_files files;
    const struct bundle_file *config; /* xray.json; NULL: the bundle has none */
    struct xray_base base;
    char sum[SHA256_HEX_SIZE]; /* of xray.json */
    struct child *reload;
    usec_t answer_by;

    struct restart { /* the last one that was asked for; outlives its wish */
        char sum[SHA256_HEX_SIZE];
        unsigned run_before;
        usec_t asked_at;
        bool made;      /* by the command's own word */
        int unanswered; /* restarts in a row, for this base */
    } restart;
};

static int
root_of(const struct bundle *bundle)
{
    return component_root(bundle->component);
}

/* NULL: this node runs no Xray of ours. */
static struct xray *
xray_of(const struct bundle *bundle)
{
    struct component *peer = component_peer(bundle->component, "xray");

    return peer != NULL ? component_self(peer) : NULL;
}

/* -- the end of a wish ----------------------------------------------------------------- */

static void
end(struct bundle *bundle)
{
    xray_base_free(&bundle->base);
    arena_reset(&bundle->job);
}

static void
end_failed(struct bundle *bundle, const char *detail)
{
    component_failed(bundle->component, bundle->ticket, detail);
    end(bundle);
}

static void
end_rejected(struct bundle *bundle, const char *code, const char *detail)
{
    component_rejected(bundle->component, bundle->ticket, code, detail);
    end(bundle);
}

static void
end_done(struct bundle *bundle)
{
    const struct bundle_file mark = {arena_printf(&bundle->job, "%s.digest", bundle->files.name),
        bundle->files.digest, strlen(bundle->files.digest)};
    struct err err;

    if (!bundle_replace(root_of(bundle), "bundles", &mark, &err)) {
        end_failed(bundle, err.detail);
        return;
    }
    component_done(bundle->component, bundle->ticket);
    end(bundle);
}

/* -- the restart ----------------------------------------------------------------------- */

static void
note_started(struct bundle *bundle)
{
    const struct bundle_file mark = {"xray.started", bundle->sum, strlen(bundle->sum)};
    struct err err;

    bundle->restart.unanswered = 0;
    if (bundle_replace(root_of(bundle), "base", &mark, &err))
        end_done(bundle);
    else
        end_failed(bundle, err.detail);
}

/* Xray runs what the restart was for, though the wish may have been given up for a while: restarted
 * again it would cut everyone once more, and one that is slow to start would never be done. */
static bool
has_answered(const struct bundle *bundle)
{
    const struct xray *xray = xray_of(bundle);

    return xray != NULL && xray->up && str_eq(bundle->restart.sum, bundle->sum) &&
        xray->runs != bundle->restart.run_before &&
        (bundle->restart.made || xray->started_at >= bundle->restart.asked_at);
}

static void
look_soon(struct bundle *bundle)
{
    static const struct timeval soon = {0, LOOK_MS * 1000L};

    evtimer_add(bundle->look, &soon);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
    struct bundle *bundle = arg;

    (void)fd, (void)what;
    if (has_answered(bundle)) {
        note_started(bundle);
    } else if (time_monotonic() < bundle->answer_by) {
        look_soon(bundle);
    } else {
        bundle->restart.unanswered++;
        end_failed(bundle, "Xray does not answer after its restart");
    }
}

/* Twice as long each time: one that is slow is not restarted for ever before it has begun. */
static usec_t
patience(const struct bundle *bundle)
{
    int unanswered = bundle->restart.unanswered;

    return bundle->component->agent->answer_most
        << (unanswered < DOUBLINGS ? unanswered : DOUBLINGS);
}

static void
reloaded(void *arg, int status)
{
    struct bundle *bundle = arg;

    bundle->reload = NULL;
    if (status != 0) {
        end_failed(bundle,
            status == CHILD_KILLED ? "AGENT_RELOAD_XRAY_CMD takes too long"
                                   : "AGENT_RELOAD_XRAY_CMD has failed");
        return;
    }
    bundle->restart.made = true;
    bundle->answer_by = time_monotonic() + patience(bundle);
    if (xray_of(bundle)->offline != NULL) /* nobody to ask */
        note_started(bundle);
    else
        look_soon(bundle);
}

static void
restart(struct bundle *bundle)
{
    const char *command = component_settings(bundle->component)->agent_reload_xray_cmd;
    const char *const *words = child_words(&bundle->job, command);
    struct err err;

    if (words == NULL) {
        end_failed(bundle, "AGENT_RELOAD_XRAY_CMD names no program");
        return;
    }
    log_info("component=bundle name=%s detail=\"Xray is restarted, its base has changed\"",
        bundle->files.name);
    memcpy(bundle->restart.sum, bundle->sum, sizeof(bundle->sum));
    bundle->restart.run_before = xray_of(bundle)->runs;
    bundle->restart.asked_at = time_monotonic();
    bundle->restart.made = false;
    if (!child_start(component_base(bundle->component), words, RELOAD_MS,
            (struct child_done){reloaded, bundle}, &bundle->reload, &err))
        end_failed(bundle, err.detail);
}

/* -- the base -------------------------------------------------------------------------- */

/* From here on the new base is the base, whatever happens. */
static bool
take_base(struct bundle *bundle, struct err *err)
{
    struct xray *xray = xray_of(bundle);

    if (!bundle_replace(root_of(bundle), "base", bundle->config, err))
        return false;
    if (xray == NULL)
        return true;
    return xray_config_commit(xray->config, err) &&
        xray_base_load(&xray->base, root_of(bundle), err);
}

static void
use_base(struct bundle *bundle)
{
    const struct xray *xray = xray_of(bundle);
    struct err err;

    if (!str_eq(bundle->restart.sum, bundle->sum))
        bundle->restart = (struct restart){0}; /* Xray may be started with another base now */
    if (!take_base(bundle, &err))
        end_failed(bundle, err.detail);
    else if (xray == NULL || (xray->up && bundle_holds(root_of(bundle), STARTED, bundle->sum)))
        end_done(bundle);
    else if (has_answered(bundle))
        note_started(bundle);
    else
        restart(bundle);
}

static void
tested(void *arg, enum xray_config_result result)
{
    struct bundle *bundle = arg;

    switch (result) {
    case CONFIG_OK:
        use_base(bundle);
        return;
    case CONFIG_REFUSED:
        end_rejected(bundle, "bundle_invalid", "xray run -test refuses xray.json");
        return;
    case CONFIG_FAILED:
        end_failed(bundle, "config.json cannot be written or tested");
        return;
    }
}

static void
try_config(struct bundle *bundle)
{
    struct xray *xray = xray_of(bundle);
    struct err err;

    sha256_hex(bundle->config->data, bundle->config->size, bundle->sum);
    if (!xray_base_set(&bundle->base, bundle->config->data, bundle->config->size, &err))
        end_rejected(bundle, "bundle_invalid", "xray.json is not a JSON object");
    else if (xray == NULL)
        use_base(bundle);
    else if (!xray->index_ready && !xray_know(xray)) /* Xray has not run yet, nor been compared */
        end_failed(bundle, "the state cannot be read");
    else
        xray_config_try(xray->config, &bundle->base, (struct xray_config_done){tested, bundle});
}

/* -- the component --------------------------------------------------------------------- */

static void
bundle_apply(struct component *component, const struct wish *wish, ticket_t ticket)
{
    struct bundle *bundle = component_self(component);
    struct refusal refusal;
    struct err err;

    bundle->ticket = ticket;
    if (wish->removed) { /* what a bundle brought stays in use until another one comes */
        component_done(component, ticket);
        end(bundle);
        return;
    }
    if (!bundle_read(&bundle->job, wish, &bundle->files, &refusal)) {
        end_rejected(bundle, refusal.code, refusal.detail);
        return;
    }
    bundle->config = bundle_find(&bundle->files, "xray.json");
    if (!bundle_write(root_of(bundle), &bundle->files, &err))
        end_failed(bundle, err.detail);
    else if (bundle->config == NULL)
        end_done(bundle);
    else
        try_config(bundle);
}

static void
compare_one(void *object, const struct wish *wish)
{
    struct component *component = object;
    struct arena arena = {0};
    struct bundle_files files;
    struct refusal refusal;

    if (wish->rejected)
        return;
    if (bundle_read(&arena, wish, &files, &refusal) &&
        bundle_holds(component_root(component),
            arena_printf(&arena, "bundles/%s.digest", files.name), files.digest))
        component_same(component, wish->key, wish->ver);
    else
        component_differs(component, wish->key);
    arena_reset(&arena);
}

static void
bundle_compare(struct component *component)
{
    if (!component_each(component, compare_one, component))
        log_error("component=bundle detail=\"the state cannot be read\", comparing later");
    component_compared(component);
}

/* What was given up because Xray did not answer need not wait any longer. */
static void
bundle_peer_up(struct component *component)
{
    if (has_answered(component_self(component)))
        component_retry(component);
}

static bool
bundle_open(struct component *component, struct err *err)
{
    struct arena arena = {0};
    struct bundle *bundle = arena_alloc(&arena, sizeof(*bundle));

    (void)err;
    bundle->arena = arena;
    bundle->component = component;
    bundle->look = evtimer_new(component_base(component), on_look, bundle);
    component_set_self(component, bundle);
    component_up(component, "files");
    return true;
}

static void
bundle_close(struct component *component)
{
    struct bundle *bundle = component_self(component);

    if (bundle == NULL)
        return;
    child_cancel(bundle->reload);
    event_free(bundle->look);
    end(bundle);
    struct arena arena = bundle->arena;
    arena_reset(&arena);
    component_set_self(component, NULL);
}

const struct component_type bundle_component = {
    .name = "bundle",
    .window = 1,
    .open = bundle_open,
    .compare = bundle_compare,
    .apply = bundle_apply,
    .close = bundle_close,
    .peer_up = bundle_peer_up,
};
