/*
 * The dispatcher carries changes from the outbox to the agents of the nodes (delivery.md). It is
 * one loop:
 *
 *     sequence ──► claim ──► work: for each node that is held, the next of: look, snapshot part,
 *        ▲                    batch. One request at a time per node, a watch beside it.
 *        │ notify, poll       Answers change memory only, and wake work.
 *                   keep: extends the leases, and writes how far each node is.
 *
 * Only tasks use the database, each statement short and with a deadline; a task that fails is tried
 * again by the loop. No transaction is open across HTTP.
 */
#ifndef TG_DISPATCHER_DISPATCHER_H
#define TG_DISPATCHER_DISPATCHER_H

#include "daemon/loop.h"
#include "db/db.h"
#include "dispatcher/metrics.h"
#include "domain/turn.h"
#include "net/fetch.h"
#include "store/streams.h"

enum {
    STREAMS_MAX = 8,
    SNAPSHOTS_MAX = 8
};

/* In flight over all nodes; a part is at most 1 MiB unless it holds one larger bundle. */
#define SNAPSHOT_BYTES ((size_t)3 << 20)

/* A role's log, as it was seen last. */
struct stream_view {
    int64_t stream_id;
    char role[16]; /* VPS_T */
    int64_t gen, floor_gen;
    struct batch *recent; /* the newest that was built: nodes side by side share it */
};

struct dispatcher {
    const struct settings *settings;
    struct loop loop;
    struct arena arena; /* as long as the dispatcher */
    struct db db;
    const char *owner;
    struct fetch_options fetch_options;
    struct fetcher *fetcher;
    struct turn turn; /* of the running task */

    struct stream_view streams[STREAMS_MAX];
    size_t stream_count;
    struct node *nodes; /* all that were ever held and are active */
    size_t held;
    size_t snapshots;
    size_t snapshot_bytes;

    usec_t worked_at;   /* the log was last looked at */
    usec_t burst_until; /* after a wake-up the log is looked at every few milliseconds */
    struct db listening;
    struct event *notified;
    usec_t pinged_at;
    struct standing *standing;
    struct revocations *revocations; /* one per stream */
    struct job finish;
    usec_t finish_by;
    struct server *server;
    struct meters meters;
};

enum {
    DISPATCHER_TASKS = 10
};

/* The table of tasks, with the periods that the settings say. */
void dispatcher_tasks(const struct settings *settings, struct task tasks[DISPATCHER_TASKS]);

/* Opens everything but the database. The tasks live as long; dispatcher_close() after a failure,
 * too. */
bool dispatcher_open(struct dispatcher *dispatcher, const struct settings *settings,
    const struct task *tasks, struct err *err) MUST_CHECK;
void dispatcher_close(struct dispatcher *dispatcher);

/* Until SIGTERM. */
void dispatcher_run(struct dispatcher *dispatcher);

/* The turn of a task begins. */
void dispatcher_turn(struct dispatcher *dispatcher, struct arena *arena);

/* Whether the database was reached lately. */
bool dispatcher_ready(const struct dispatcher *dispatcher);

/* No place for another node. */
bool dispatcher_full(const struct dispatcher *dispatcher);

struct stream_view *stream_find(struct dispatcher *dispatcher, int64_t stream_id);

/* -- tasks ---------------------------------------------------------------------------------- */

task_fn sequence_streams; /* numbers what is new; wakes what has to know */
task_fn claim_nodes;      /* takes the leases of nodes that need us */
task_fn work_nodes;       /* the next step of each node */
task_fn keep_leases;      /* extends leases, writes cursors, gives back */
task_fn watch_revocations;
task_fn measure_nodes; /* gauges */
task_fn make_partitions;
task_fn end_grace;     /* of users whose time has come */
task_fn end_undo;      /* of revisions that were revoked too long ago to come back */
task_fn listen_outbox; /* connects, and pings */

#endif
