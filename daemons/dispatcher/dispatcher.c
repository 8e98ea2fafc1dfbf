#include "dispatcher/dispatcher.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "dispatcher/health.h"
#include "dispatcher/standing.h"

#define FINISH_STEP (20 * USEC_MS)
#define FINISH_TIME (5 * USEC_SEC)
#define READY_AGE   (15 * USEC_SEC)

/* Longer than a request's, since a statement here does the work of many. */
enum {
    STATEMENT_MS = 5000,
    LOCK_MS = 1000
};

void
dispatcher_turn(struct dispatcher *dispatcher, struct arena *arena)
{
    db_turn(&dispatcher->db, arena);
    dispatcher->turn =
        (struct turn){.db = &dispatcher->db, .arena = arena, .settings = dispatcher->settings};
}

struct stream_view *
stream_find(struct dispatcher *dispatcher, int64_t stream_id)
{
    for (size_t i = 0; i < dispatcher->stream_count; i++) {
        if (dispatcher->streams[i].stream_id == stream_id)
            return &dispatcher->streams[i];
    }
    return NULL;
}

bool
dispatcher_full(const struct dispatcher *dispatcher)
{
    return (int64_t)dispatcher->held >= dispatcher->settings->dispatcher_concurrency;
}

bool
dispatcher_ready(const struct dispatcher *dispatcher)
{
    return dispatcher->worked_at != 0 && time_monotonic() - dispatcher->worked_at < READY_AGE &&
        !dispatcher->loop.stopping;
}

/* -- the end ------------------------------------------------------------------------------- */

/* What is under way may finish; new things are not begun. */
static bool
settled(struct dispatcher *dispatcher)
{
    bool all = true;

    for (struct node *node = dispatcher->nodes; node != NULL; node = node->next) {
        if (!node->held)
            continue;
        if (node->batch == NULL || time_monotonic() > dispatcher->finish_by) {
            fetch_cancel(node->fetch);
            node->fetch = NULL;
        }
        node_leave(node, 0, NULL);
        all = all && node->fetch == NULL;
    }
    return all;
}

/* Tasks do not run any more, so the leases are given back from here. */
static void
finish(void *state, struct arena *arena)
{
    struct dispatcher *dispatcher = state;
    struct err err;

    if (!settled(dispatcher)) {
        job_in(&dispatcher->finish, FINISH_STEP);
        return;
    }
    if (!keep_leases(dispatcher, arena, &err))
        log_error("code=%s leases not given back, they will run out", err_kinds[err.code].code);
    loop_end(&dispatcher->loop);
}

static void
stop(void *state)
{
    struct dispatcher *dispatcher = state;

    dispatcher->finish_by = time_monotonic() + FINISH_TIME;
    job_in(&dispatcher->finish, 0);
}

/* -- the beginning ------------------------------------------------------------------------- */

/* Host, boot, process, and something that no other has. */
static const char *
make_owner(struct arena *arena)
{
    char host[64] = "", random[REQUEST_ID_SIZE];
    char none[] = "", *boot = none;
    size_t size = 0;
    struct err err;

    gethostname(host, sizeof(host) - 1);
    request_id_make(random);
    /* Without it the random part still makes the name unique. */
    if (fs_read("/proc/sys/kernel/random/boot_id", UUID_SIZE, arena, &boot, &size, &err))
        boot[strcspn(boot, "\n")] = '\0';
    return arena_printf(arena, "%s/%s/%d/%.8s", host, boot, (int)getpid(), random);
}

static void
open_database(struct db *db, const struct settings *settings)
{
    db_init(db, settings->database_url);
    db->statement_ms = STATEMENT_MS;
    db->lock_ms = LOCK_MS;
}

static bool
open_network(struct dispatcher *dispatcher, struct err *err)
{
    const struct settings *settings = dispatcher->settings;

    dispatcher->fetch_options = (struct fetch_options){
        .cert = settings->dispatcher_client_cert,
        .key = settings->dispatcher_client_key,
        .ca = settings->dispatcher_ca_cert,
        .user_agent = "tracegate-dispatcher",
    };
    return fetcher_open(
               dispatcher->loop.base, &dispatcher->fetch_options, &dispatcher->fetcher, err) &&
        health_open(dispatcher, err);
}

bool
dispatcher_open(struct dispatcher *dispatcher, const struct settings *settings,
    const struct task *tasks, struct err *err)
{
    struct arena *arena = &dispatcher->arena;

    *dispatcher = (struct dispatcher){.settings = settings};
    dispatcher->owner = make_owner(arena);
    dispatcher->meters.metrics = metrics_new();
    dispatcher->standing = arena_alloc(arena, sizeof(*dispatcher->standing));
    dispatcher->revocations = arena_alloc(arena, STREAMS_MAX * sizeof(*dispatcher->revocations));
    open_database(&dispatcher->db, settings);
    open_database(&dispatcher->listening, settings);
    if (!loop_init(&dispatcher->loop, tasks, DISPATCHER_TASKS, dispatcher, err))
        return false;
    dispatcher->loop.stop = stop;
    job_init(&dispatcher->finish, &dispatcher->loop, finish, dispatcher);
    return open_network(dispatcher, err);
}

void
dispatcher_tasks(const struct settings *settings, struct task tasks[DISPATCHER_TASKS])
{
    const struct task all[DISPATCHER_TASKS] = {
        {"listen", 5 * USEC_SEC, listen_outbox},
        {"sequence", settings->dispatcher_poll_seconds * USEC_SEC, sequence_streams},
        {"claim", 1 * USEC_SEC, claim_nodes},
        {"work", 1 * USEC_SEC, work_nodes},
        {"keep", 1500 * USEC_MS, keep_leases},
        {"revocations", 1 * USEC_SEC, watch_revocations},
        {"measure", 5 * USEC_SEC, measure_nodes},
        {"entitlement", 60 * USEC_SEC, end_grace},
        {"undo", 60 * USEC_SEC, end_undo},
        {"partitions", 3600 * USEC_SEC, make_partitions},
    };

    memcpy(tasks, all, sizeof(all));
}

void
dispatcher_run(struct dispatcher *dispatcher)
{
    loop_run(&dispatcher->loop);
}

void
dispatcher_close(struct dispatcher *dispatcher)
{
    while (dispatcher->nodes != NULL)
        node_free(dispatcher->nodes);
    for (size_t i = 0; i < dispatcher->stream_count; i++)
        batch_drop(dispatcher->streams[i].recent);
    if (dispatcher->standing != NULL)
        arena_reset(&dispatcher->standing->arena);
    health_close(dispatcher);
    fetcher_free(dispatcher->fetcher);
    if (dispatcher->notified != NULL)
        event_free(dispatcher->notified);
    job_free(&dispatcher->finish);
    loop_free(&dispatcher->loop);
    db_free(&dispatcher->db);
    db_free(&dispatcher->listening);
    metrics_free(dispatcher->meters.metrics);
    arena_reset(&dispatcher->arena);
}
