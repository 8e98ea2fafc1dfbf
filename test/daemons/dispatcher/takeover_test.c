/* Dispatchers as processes of their own, killed and stopped; the nodes live in this one. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dispatcher/dispatcher.h"
#include "dispatcher/pace.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fake_node.h"
#include "harness/world.h"

enum {
    NODES = 3,
    CONNECTIONS = 40,
    ROUNDS = 200
};

static struct event_base *base;
static struct fake_node nodes[NODES];
static struct settings settings;
static int64_t versions[CONNECTIONS + 1];

/* -- processes ----------------------------------------------------------------------------- */

static NORETURN void
dispatch(void)
{
    struct dispatcher dispatcher;
    struct task tasks[DISPATCHER_TASKS];
    struct err err;

    /* The nodes' sockets are the parent's alone, or they would outlive its fake_kill(). */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    dispatcher_tasks(&settings, tasks);
    if (!dispatcher_open(&dispatcher, &settings, tasks, &err))
        _exit(EXIT_FAILURE);
    dispatcher_run(&dispatcher);
    dispatcher_close(&dispatcher);
    _exit(EXIT_SUCCESS);
}

static pid_t
start(void)
{
    pid_t pid = fork();

    if (pid == 0)
        dispatch();
    return pid;
}

static int
end(pid_t pid, int number)
{
    int status = 0;

    kill(pid, number);
    CHECK_INT(pid, waitpid(pid, &status, 0));
    return status;
}

/* -- changes, and what must come of them ----------------------------------------------------- */

static void
change(int round)
{
    int n = 1 + round % CONNECTIONS;

    world_touch(n);
    versions[n]++;
    world_notify();
}

static bool
all_have_all(void *unused)
{
    (void)unused;
    for (int i = 0; i < NODES; i++) {
        for (int n = 1; n <= CONNECTIONS; n++) {
            const struct fake_key *key = fake_key(&nodes[i], world_connection(n));
            if (key == NULL || key->ver != versions[n])
                return false;
        }
    }
    return true;
}

static bool
says_true(void *sql)
{
    return world_int("select (%s)::int", (const char *)sql) == 1;
}

static bool
wait_for_row(const char *sql)
{
    char text[512];

    snprintf(text, sizeof(text), "%s", sql);
    return wait_until(base, says_true, text);
}

static void
turn_loop(void)
{
    event_base_loop(base, EVLOOP_NONBLOCK);
}

/* I3, I4, I5, and nothing lost. */
static void
check_invariants(void)
{
    CHECK(wait_until(base, all_have_all, NULL));
    for (int i = 0; i < NODES; i++) {
        CHECK_INT(0, nodes[i].too_old);
        CHECK_INT(0, nodes[i].gaps);
        CHECK_INT(1, nodes[i].commits);
    }
    CHECK_INT(1,
        world_int("select (min(gen) = 1 and max(gen) = count(*)"
                  " and count(distinct gen) = count(*))::int from outbox_event"));
    CHECK(wait_for_row("select bool_and(acked_gen = (select gen from outbox_stream"
                       " where stream_id = 1)) from node_cursor"));
}

static void
open_world(void)
{
    world_open();
    world_issue_many(1, CONNECTIONS);
    for (int n = 1; n <= CONNECTIONS; n++)
        versions[n] = 1;
    for (int i = 0; i < NODES; i++) {
        fake_open(&nodes[i], base);
        world_node(i + 1, nodes[i].peer.url);
    }
}

/* -- the tests ----------------------------------------------------------------------------- */

static bool
all_leased(void *unused)
{
    (void)unused;
    return world_int("select count(lease_owner) from node_cursor") == NODES;
}

static void
test_a_killed_dispatcher_is_followed_by_another(void)
{
    pid_t first = start();

    CHECK(wait_until(base, all_have_all, NULL));
    /* Else its death would rightly bring the snapshot again, and there would be two commits. */
    CHECK(
        wait_for_row("select bool_and(not want_snapshot and epoch is not null) from node_cursor"));
    change(0);
    CHECK(wait_until(base, all_leased, NULL));
    pid_t second = start();
    for (int round = 0; round < ROUNDS; round++) {
        change(round);
        turn_loop();
        if (round == ROUNDS / 2)
            CHECK(WIFSIGNALED(end(first, SIGKILL)));
    }
    usec_t killed_at = time_monotonic();
    check_invariants();
    printf("# all nodes complete %lld ms after the last change\n",
        (long long)((time_monotonic() - killed_at) / USEC_MS));
    CHECK_INT(0, end(second, SIGTERM));
    CHECK_INT(0, world_int("select count(lease_owner) from node_cursor"));
}

/* Stopped past its lease and let go on: it must change nothing any more. */
static void
test_a_zombie_is_without_effect(void)
{
    pid_t zombie = start();

    change(0);
    CHECK(wait_until(base, all_leased, NULL));
    CHECK(wait_until(base, all_have_all, NULL));
    int64_t tokens = world_int("select sum(lease_token) from node_cursor");
    kill(zombie, SIGSTOP);
    pid_t second = start();
    change(1);
    CHECK(wait_until(base, all_have_all, NULL));
    CHECK(world_int("select sum(lease_token) from node_cursor") > tokens);
    kill(zombie, SIGCONT);
    for (int round = 0; round < ROUNDS; round++) {
        change(round);
        turn_loop();
    }
    check_invariants();
    CHECK_INT(0, end(zombie, SIGTERM));
    CHECK_INT(0, end(second, SIGTERM));
}

/* I10: one that hangs holds nobody else back. */
static void
test_a_hanging_node_does_not_hold_others_back(void)
{
    pid_t only = start();

    change(0);
    CHECK(wait_until(base, all_have_all, NULL));
    nodes[0].hold = true;
    change(1);
    for (int i = 1; i < NODES; i++) {
        int batches = nodes[i].batches;
        change(2);
        while (nodes[i].batches == batches)
            event_base_loop(base, EVLOOP_ONCE);
    }
    CHECK(nodes[0].held != NULL);
    nodes[0].hold = false;
    fake_kill(&nodes[0]);
    fake_restart(&nodes[0]);
    check_invariants();
    CHECK_INT(0, end(only, SIGTERM));
}

/* Their gateways are away: they have all that there is, and watch in vain. */
static void
test_nodes_that_are_behind_for_ever_do_not_keep_their_places(void)
{
    settings.dispatcher_concurrency = NODES - 1;
    for (int i = 0; i < NODES - 1; i++)
        nodes[i].held_back[0] = 1;
    pid_t only = start();
    change(3);
    for (int round = 4; round < 8; round++) {
        CHECK(wait_until(base, all_have_all, NULL));
        change(round);
    }
    CHECK(wait_until(base, all_have_all, NULL));
    for (int i = 0; i < NODES - 1; i++)
        nodes[i].held_back[0] = 0;
    check_invariants();
    CHECK_INT(0, end(only, SIGTERM));
    settings.dispatcher_concurrency = 64;
}

static int
compare(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

    return (x > y) - (x < y);
}

static int64_t
memory_kb(pid_t pid)
{
    char path[64], line[256];
    int64_t kb = 0;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "Pss:", 4) == 0)
            kb = strtoll(line + 4, NULL, 10);
    }
    if (file != NULL)
        fclose(file);
    return kb;
}

/* Figures for people; nothing is asserted of them. */
static void
test_a_calm_change_is_sent_at_once(void)
{
    static usec_t took[ROUNDS];
    pid_t only = start();

    change(0);
    CHECK(wait_until(base, all_have_all, NULL));
    for (int i = 0; i < ROUNDS; i++) {
        world_touch(1);
        versions[1]++;
        usec_t committed_at = time_monotonic();
        world_notify();
        CHECK(wait_until(base, all_have_all, NULL));
        took[i] = nodes[0].batch_at - committed_at;
    }
    qsort(took, ROUNDS, sizeof(took[0]), compare);
    printf("# commit to batch: p50 %lld us, p99 %lld us; PSS %lld kB\n",
        (long long)took[ROUNDS / 2], (long long)took[ROUNDS * 99 / 100],
        (long long)memory_kb(only));
    CHECK_INT(0, end(only, SIGTERM));
}

int
main(void)
{
    static struct db unused;

    database_init(&unused);
    settings = (struct settings){
        .database_url = database_conninfo(),
        .pseudonym_secret = "0123456789abcdef0123456789abcdef",
        .dispatcher_poll_seconds = 1,
        .dispatcher_batch_size = BATCH_LIMIT,
        .dispatcher_lock_ttl_seconds = 5,
        .dispatcher_max_attempts = 25,
        .dispatcher_concurrency = 64,
        .agent_auth_token = "master",
    };
    base = event_base_new();
    open_world();
    test_a_killed_dispatcher_is_followed_by_another();
    test_a_zombie_is_without_effect();
    test_a_hanging_node_does_not_hold_others_back();
    test_nodes_that_are_behind_for_ever_do_not_keep_their_places();
    test_a_calm_change_is_sent_at_once();
    for (int i = 0; i < NODES; i++)
        fake_kill(&nodes[i]);
    event_base_free(base);
    world_close();
    db_free(&unused);
    return check_report("dispatcher/takeover");
}
