#include "daemons/dispatcher/lab.h"

#include <event2/event.h>
#include <stdio.h>

#include "harness/check.h"
#include "harness/database.h"

struct dispatcher dispatcher;
static struct task tasks[DISPATCHER_TASKS];
static struct settings settings;
struct fake_node node;
static struct db unused_db;
static struct err err;

void
set_up(void)
{
    database_init(&unused_db);
    world_open();
    settings = (struct settings){
        .revision_undo_seconds = 3600,
        .database_url = database_conninfo(),
        .pseudonym_secret = "0123456789abcdef0123456789abcdef",
        .entry_mode = ENTRY_TCP_FORWARD,
        .dispatcher_poll_seconds = 1,
        .dispatcher_batch_size = BATCH_LIMIT,
        .dispatcher_lock_ttl_seconds = 5,
        .dispatcher_max_attempts = 25,
        .dispatcher_concurrency = 64,
        .dispatcher_client_cert = "",
        .dispatcher_client_key = "",
        .dispatcher_ca_cert = "",
        .agent_auth_token = "master",
        .agent_token_mode = TOKEN_DERIVED,
    };
    dispatcher_tasks(&settings, tasks);
    CHECK(dispatcher_open(&dispatcher, &settings, tasks, &err));
    fake_open(&node, dispatcher.loop.base);
    world_node(1, node.peer.url);
}

void
tear_down(void)
{
    fake_kill(&node);
    dispatcher_close(&dispatcher);
    world_close();
    db_free(&unused_db);
}

/* -- waiting for things --------------------------------------------------------------------- */

struct want {
    int n;
    int64_t ver;
};

static bool
is_at(void *object)
{
    const struct want *want = object;
    const struct fake_key *key = fake_key(&node, world_connection(want->n));

    return key != NULL && key->ver >= want->ver;
}

bool
wait_for(int n, int64_t ver)
{
    return wait_until(dispatcher.loop.base, is_at, &(struct want){n, ver});
}

static bool
says_true(void *sql)
{
    return world_int("select (%s)::int", (const char *)sql) == 1;
}

bool
wait_for_row(const char *sql)
{
    char text[512];

    snprintf(text, sizeof(text), "%s", sql);
    return wait_until(dispatcher.loop.base, says_true, text);
}
