#include "agent/xray.h"
#include "agent/gauges.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/engine.h"
#include "agent/gauges.h"
#include "agent/xray_config.h"
#include "agent/xray_health.h"
#include "agent/xray_machine.h"
#include "agent/xray_offline.h"
#include "agent/xray_scan.h"
#include "base/log.h"

enum {
    TICK_MS = 1000,
    RECONNECT_MS = 100,
    STALE_MS = 1000,
    SWEEP_PER_TICK = 1000, /* look-ups of connections that may be gone: 4 ms */
    WINDOW = 1024          /* keys: the connection is always full */
};

void
xray_count_cut(struct xray *xray, uint64_t count)
{
    metrics_add(component_metrics(xray->component), &gauge_sessions_cut, (double)count,
        xray->component->type->name);
}

void
xray_cut(struct xray *xray, const char *marker)
{
    struct session_cut cut = sessions_cut(xray->sessions, marker);

    xray_count_cut(xray, cut.cut);
    if (cut.failed > 0)
        log_error("component=xray sessions=%u detail=\"%s\", they live on", cut.failed,
            sock_result_text(xray->can_cut));
}

/* -- the connection -------------------------------------------------------------------- */

static void
tick_in(struct xray *xray, int64_t ms)
{
    const struct timeval delay = {ms / 1000, ms % 1000 * 1000};

    evtimer_add(xray->tick, &delay);
}

static void
on_down(void *arg, const char *why)
{
    struct xray *xray = arg;

    xray->connected = xray->up = xray->asking = false;
    evtimer_del(xray->slice);
    component_down(xray->component, why);
    tick_in(xray, RECONNECT_MS);
}

/* Another run of Xray may have lost all its users; so may any we have not watched without a gap. */
static void
note_run(struct xray *xray, uint32_t uptime)
{
    char boot[32];

    if (!xray->up || uptime < xray->uptime) {
        xray->runs++;
        xray->started_at = time_monotonic() - ((usec_t)uptime + 1) * USEC_SEC;
    }
    xray->uptime = uptime;
    xray->up = true;
    snprintf(boot, sizeof(boot), "run-%u", xray->runs);
    component_up(xray->component, boot);
}

static void
on_stats(void *arg, const struct xray_answer *answer)
{
    struct xray *xray = arg;

    xray->asking = false;
    if (answer->result == XRAY_OK)
        note_run(xray, answer->uptime);
    else
        xray_client_drop(xray->client, xray_result_text(answer->result));
}

static void
ask(struct xray *xray)
{
    if (xray->asking)
        return;
    xray->asking = true;
    xray_sys_stats(xray->client, (struct xray_done){on_stats, xray});
}

static void
on_up(void *arg)
{
    struct xray *xray = arg;

    xray->connected = true;
    ask(xray);
    tick_in(xray, TICK_MS);
}

static void
keep_sessions(struct xray *xray)
{
    struct agent *agent = xray->component->agent;
    struct err err;

    uint64_t late = webhook_counts(xray->webhook).late;
    xray_count_cut(xray, late - xray->late);
    xray->late = late;
    sessions_sweep(xray->sessions, SWEEP_PER_TICK);
    if (!sessions_store(xray->sessions, &agent->state, &err))
        engine_trouble(agent, &err);
    else
        engine_wake(agent); /* which commits */
}

/* Whether a socket that nobody listens on has been there for a while. A new one is just being
 * made: Xray has bound it and will listen in a moment. */
static bool
is_stale(const char *path)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    struct stat stat;

    if (strlen(path) >= sizeof(un.sun_path) || lstat(path, &stat) != 0 || !S_ISSOCK(stat.st_mode) ||
        time_now() - stat.st_ctim.tv_sec * USEC_SEC < STALE_MS * USEC_MS)
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
    bool refused =
        connect(fd, (const struct sockaddr *)&un, sizeof(un)) != 0 && errno == ECONNREFUSED;
    close(fd);
    return refused;
}

/* A killed Xray leaves its socket behind, and the next one refuses to start over it. */
static void
remove_stale_socket(struct xray *xray)
{
    if (*xray->server != '/' || !is_stale(xray->server))
        return;
    unlink(xray->server);
    log_warn("component=xray detail=\"nobody listens on the API's socket, removing it\"");
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct xray *xray = arg;
    struct err err;

    (void)fd, (void)what;
    if (xray->offline != NULL) {
        keep_sessions(xray);
        tick_in(xray, TICK_MS);
    } else if (xray->connected) {
        keep_sessions(xray);
        ask(xray);
        tick_in(xray, TICK_MS);
    } else if (!xray_client_connect(xray->client, &err)) {
        remove_stale_socket(xray);
        on_down(xray, err.detail);
    }
}

/* -- the component --------------------------------------------------------------------- */

static const char *
or_in_root(struct xray *xray, const char *path, const char *name)
{
    if (*path != '\0')
        return path;
    return arena_printf(&xray->arena, "%s/run/%s", xray->settings->agent_data_root, name);
}

static bool
open_webhook(struct xray *xray, struct err *err)
{
    const struct webhook_options options = {
        .path = or_in_root(xray, xray->settings->agent_xray_webhook_socket, "xray-hook.sock"),
        .sockets = &xray->sockets,
        .sessions = xray->sessions,
        .may_live = xray_may_live,
        .owner = xray,
    };

    xray->listening_since = time_monotonic();
    return webhook_open(xray->loop, &options, &xray->webhook, err);
}

static bool
open_sessions(struct xray *xray, struct err *err)
{
    if (!sockets_init(&xray->sockets, err))
        return false;
    xray->can_cut = sockets_probe(&xray->sockets);
    if (xray->can_cut != SOCK_DONE)
        log_error("component=xray detail=\"%s\", live sessions of revoked users are not cut",
            sock_result_text(xray->can_cut));
    xray->sessions = sessions_new(&xray->sockets);
    return sessions_load(xray->sessions, &xray->component->agent->state, err) &&
        open_webhook(xray, err);
}

static bool
open_client(struct xray *xray, struct err *err)
{
    const struct h2_owner owner = {on_up, on_down, xray};

    xray->server = or_in_root(xray, xray->settings->agent_xray_api_server, "xray-api.sock");
    xray->client = xray_client_new(xray->loop, xray->server, xray->settings, &owner);
    if (xray->client == NULL)
        return err_say(err, ERR_SETTINGS, "AGENT_XRAY_API_SERVER: no socket's path, no host:port.");
    xray->sweep_guard = evtimer_new(xray->loop, xray_sweep_guard, xray);
    xray->slice = evtimer_new(xray->loop, xray_scan_slice, xray);
    return true;
}

static bool
open_offline(struct xray *xray, struct err *err)
{
    if (*xray->settings->agent_reload_xray_cmd == '\0')
        return err_say(
            err, ERR_SETTINGS, "AGENT_XRAY_API_ENABLED=false needs AGENT_RELOAD_XRAY_CMD.");
    xray->offline = offline_new(xray);
    xray->up = true;
    component_up(xray->component, "file");
    return true;
}

static bool
xray_open(struct component *component, struct err *err)
{
    struct arena arena = {0};
    struct xray *xray = arena_alloc(&arena, sizeof(*xray));
    int root = component_root(component);

    xray->arena = arena;
    xray->component = component;
    xray->settings = component_settings(component);
    xray->loop = component_base(component);
    xray->sockets.fd = -1;
    TAILQ_INIT(&xray->foreigners);
    xray_batches_init(xray);
    component_set_self(component, xray);
    if (mkdirat(root, "run", 0750) != 0 && faccessat(root, "run", F_OK, 0) != 0)
        return err_say(err, ERR_SETTINGS, "AGENT_DATA_ROOT: no folder run can be made.");
    xray->config = xray_config_new(xray);
    if (!xray_errands_init(xray) || !xray_base_load(&xray->base, root, err) ||
        !open_sessions(xray, err))
        return false;
    xray->tick = evtimer_new(xray->loop, on_tick, xray);
    tick_in(xray, 0);
    return xray->settings->agent_xray_api_enabled ? open_client(xray, err)
                                                  : open_offline(xray, err);
}

static void
xray_close(struct component *component)
{
    struct xray *xray = component_self(component);

    if (xray == NULL)
        return;
    xray_client_free(xray->client);
    offline_free(xray->offline);
    webhook_free(xray->webhook);
    sessions_free(xray->sessions);
    sockets_free(&xray->sockets);
    xray_config_free(xray->config);
    xray_errands_free(xray);
    xray_fallbacks_free(xray);
    xray_base_free(&xray->base);
    index_free(&xray->index);
    arena_reset(&xray->scan);
    if (xray->tick != NULL)
        event_free(xray->tick);
    if (xray->sweep_guard != NULL)
        event_free(xray->sweep_guard);
    if (xray->slice != NULL)
        event_free(xray->slice);
    struct arena arena = xray->arena;
    arena_reset(&arena);
    component_set_self(component, NULL);
}

const struct component_type xray_component = {
    .name = "xray",
    .window = WINDOW,
    .open = xray_open,
    .compare = xray_compare,
    .apply = xray_apply,
    .sweep = xray_sweep,
    .close = xray_close,
    .handed_out = xray_handed_out,
    .checks = xray_checks,
    .check_count = XRAY_CHECKS,
};
