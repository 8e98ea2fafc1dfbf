/* The log's numbers: dense, unique, and in the order of each key's changes, whoever runs. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "store/streams.h"

#define SEQUENCE "select outbox_sequence(1::smallint) as n"
#define INSERT                                                                                     \
    "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"               \
    " idempotency_key) values (1, 'UPSERT_USER', 'xray', $1, 1, $1)"

enum {
    WRITERS = 8,
    SEQUENCERS = 3,
    CHANGES = 150 /* of a writer, of two rows each; every third is rolled back */
};

static struct fixture fixture, other;

static int64_t
number(const char *sql)
{
    return fixture_number(&fixture, sql, NULL);
}

static void
begin(struct fixture *worker)
{
    CHECK(db_begin(&worker->db, &worker->err));
}

static void
commit(struct fixture *worker)
{
    CHECK(db_commit(&worker->db, &worker->err));
    fixture_turn(worker);
}

/* -- one after another --------------------------------------------------------------------- */

static void
test_nothing_new_changes_nothing(void)
{
    CHECK_INT(0, number(SEQUENCE));
    CHECK_INT(0, number("select gen as n from outbox_stream where stream_id = 1"));
}

/* A row with a lower id may be committed after a higher one was numbered. */
static void
test_what_commits_late_is_numbered_late(void)
{
    fixture_join(&other);
    begin(&other);
    fixture_exec(&other, INSERT, "late");
    fixture_exec(&fixture, INSERT, "soon");
    CHECK_INT(1, number(SEQUENCE));
    CHECK_INT(1, number("select gen as n from outbox_event where aggregate_id = 'soon'"));
    commit(&other);
    CHECK_INT(2, number(SEQUENCE));
    CHECK_INT(2, number("select gen as n from outbox_event where aggregate_id = 'late'"));
    CHECK_INT(1,
        number("select count(*) as n from outbox_event a join outbox_event b on a.id < b.id"
               " and a.gen > b.gen"));
    fixture_close(&other);
}

static void
test_what_is_rolled_back_leaves_no_gap(void)
{
    begin(&fixture);
    fixture_exec(&fixture, INSERT, "never");
    fixture_turn(&fixture);
    fixture_exec(&fixture, INSERT, "next");
    CHECK_INT(3, number(SEQUENCE));
}

static void
test_each_stream_has_numbers_of_its_own(void)
{
    fixture_exec(&fixture,
        "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"
        " idempotency_key) values (2, 'UPSERT_USER', 'xray', 'e', 1, 'e')",
        NULL);
    CHECK_INT(3, number(SEQUENCE));
    CHECK_INT(1, number("select outbox_sequence(2::smallint) as n"));
}

/* Also where it was written while there was no partition for its day, or for another day. */
static void
test_all_partitions_are_numbered(void)
{
    static const char on_day[] =
        "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"
        " idempotency_key, created_at) select 1, 'UPSERT_USER', 'xray', k, 1, k,"
        " now() + k::interval from (values ($1)) as v (k)";

    fixture_exec(&fixture, on_day, "1 day");
    fixture_exec(&fixture, on_day, "100 days");
    CHECK_INT(1, number("select count(*) as n from outbox_event_default"));
    CHECK_INT(5, number(SEQUENCE));
    CHECK_INT(0, number("select count(*) as n from outbox_event where gen is null"));
}

/* Else a log that has grown for hours could not be numbered before the statement's time is over. */
static void
test_much_is_numbered_in_steps(void)
{
    static const char many[] =
        "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"
        " idempotency_key) select 2, 'UPSERT_USER', 'xray', n, 1, n"
        " from generate_series(1, $1::int) n";
    struct stream stream;

    fixture_exec(&fixture, many, "10005");
    CHECK(stream_sequence(&fixture.db, 2, &stream, &fixture.err));
    CHECK_INT(1 + STREAM_STEP, stream.gen); /* one was there before */
    CHECK_INT(5,
        number("select count(*) as n from outbox_event where gen is null"
               " and aggregate_id::int > 10000"));
    CHECK(stream_sequence(&fixture.db, 2, &stream, &fixture.err));
    CHECK_INT(10006, stream.gen);
    CHECK_INT(
        10006, number("select count(distinct gen) as n from outbox_event where stream_id = 2"));
}

/* -- at once ------------------------------------------------------------------------------- */

/* Each writer changes a key of its own, so that the order of its versions is known. */
static bool
write_changes(struct fixture *worker, const char *key)
{
    static const char change[] =
        "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"
        " idempotency_key) select 1, 'UPSERT_USER', 'xray', k,"
        " (select count(*) from outbox_event where aggregate_id = k) + 1, k"
        " from (values ($1), ($1 || '+')) as v (k)";

    for (int i = 0; i < CHANGES; i++) {
        if (!db_begin(&worker->db, &worker->err) || !fixture_try(worker, change, key))
            return false;
        if (i % 3 != 2 && !db_commit(&worker->db, &worker->err))
            return false;
        fixture_turn(worker); /* what was not committed is rolled back */
    }
    return true;
}

static volatile sig_atomic_t stopping;

static void
stop(int signo)
{
    (void)signo;
    stopping = 1;
}

static bool
sequence(struct fixture *worker, const char *key)
{
    (void)key;
    while (!stopping) {
        if (!fixture_try(worker, SEQUENCE, NULL))
            return false;
        fixture_turn(worker);
    }
    return true;
}

static pid_t
start(bool (*work)(struct fixture *, const char *), const char *key)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    fixture_join(&other);
    bool done = work(&other, key);
    fixture_close(&other);
    _exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

static void
wait_for(pid_t pid)
{
    int status = -1;

    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    CHECK_INT(0, status);
}

static void
run_all(void)
{
    static const char *const keys[WRITERS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    pid_t sequencers[SEQUENCERS], writers[WRITERS];

    for (int i = 0; i < SEQUENCERS; i++)
        sequencers[i] = start(sequence, NULL);
    for (int i = 0; i < WRITERS; i++)
        writers[i] = start(write_changes, keys[i]);
    for (int i = 0; i < WRITERS; i++)
        wait_for(writers[i]);
    for (int i = 0; i < SEQUENCERS; i++) {
        CHECK_INT(0, kill(sequencers[i], SIGTERM));
        wait_for(sequencers[i]);
    }
}

/* I4: generations are 1..N, dense, unique. */
static void
test_numbers_are_dense_and_unique_whoever_runs(void)
{
    const int64_t rows = WRITERS * CHANGES / 3 * 2 * 2;

    run_all();
    CHECK_INT(rows, number(SEQUENCE));
    CHECK_INT(rows, number("select count(*) as n from outbox_event"));
    CHECK_INT(rows, number("select count(distinct gen) as n from outbox_event"));
    CHECK_INT(rows, number("select max(gen) as n from outbox_event"));
    CHECK_INT(1, number("select min(gen) as n from outbox_event"));
    CHECK_INT(rows, number("select gen as n from outbox_stream where stream_id = 1"));
    CHECK_INT(0,
        number("select count(*) as n from (select gen < lag(gen) over (partition by aggregate_id"
               " order by ver) as falls from outbox_event) as o where falls"));
}

int
main(void)
{
    const struct sigaction action = {.sa_handler = stop};

    sigaction(SIGTERM, &action, NULL);
    fixture_open(&fixture);
    test_nothing_new_changes_nothing();
    test_what_commits_late_is_numbered_late();
    test_what_is_rolled_back_leaves_no_gap();
    test_each_stream_has_numbers_of_its_own();
    test_all_partitions_are_numbered();
    test_much_is_numbered_in_steps();
    fixture_close(&fixture);
    fixture_open(&fixture);
    test_numbers_are_dense_and_unique_whoever_runs();
    fixture_close(&fixture);
    return check_report("store/sequencer");
}
