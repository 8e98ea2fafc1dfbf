#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rand.h"
#include "harness/check.h"
#include "metrics/metrics.h"

static struct arena arena;
static struct err err;
static char folder[] = "/tmp/metrics-XXXXXX";

static const double bounds[] = {.1, 1};
static const struct metric SENT = {
    "sent_total", "What was sent", METRIC_COUNTER, .labels = {"result", "node"}};
static const struct metric BUSY = {"busy", "Busy workers", METRIC_GAUGE};
static const struct metric TOOK = {
    "took_seconds", "How long", METRIC_HISTOGRAM, .bounds = bounds, .bound_count = COUNT(bounds)};
static const struct metric QUERY = {
    "query_seconds", "How long", METRIC_SUMMARY, .labels = {"query"}};

static const char *
all(void)
{
    struct metrics *sum = metrics_new();
    size_t size;

    CHECK(metrics_read(folder, sum, &err));
    const char *text = metrics_text(sum, &arena, &size);
    metrics_free(sum);
    return text;
}

static const char *
file(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static void
test_every_kind_survives_the_way_through_a_file(void)
{
    struct metrics *metrics;

    CHECK(metrics_open(folder, "kinds", &metrics, &err));
    for (int i = 0; i < 2; i++) {
        metrics_add(metrics, &SENT, 1.5, "ok", "a \"b\"");
        metrics_observe(metrics, &TOOK, .1);
        metrics_observe(metrics, &TOOK, 99);
        metrics_observe(metrics, &QUERY, .25, "user_get");
        metrics_set(metrics, &BUSY, 7);
        CHECK_STR(i == 0 ? "# HELP sent_total What was sent\n# TYPE sent_total counter\n"
                           "sent_total{result=\"ok\",node=\"a \\\"b\\\"\"} 1.5\n"
                           "# HELP took_seconds How long\n# TYPE took_seconds histogram\n"
                           "took_seconds_bucket{le=\"0.1\"} 1\ntook_seconds_bucket{le=\"1\"} 1\n"
                           "took_seconds_bucket{le=\"+Inf\"} 2\ntook_seconds_sum 99.1\n"
                           "took_seconds_count 2\n"
                           "# HELP query_seconds How long\n# TYPE query_seconds summary\n"
                           "query_seconds_sum{query=\"user_get\"} 0.25\n"
                           "query_seconds_count{query=\"user_get\"} 1\n"
                           "# HELP busy Busy workers\n# TYPE busy gauge\nbusy 7\n"
                         : "# HELP sent_total What was sent\n# TYPE sent_total counter\n"
                           "sent_total{result=\"ok\",node=\"a \\\"b\\\"\"} 3\n"
                           "# HELP took_seconds How long\n# TYPE took_seconds histogram\n"
                           "took_seconds_bucket{le=\"0.1\"} 2\ntook_seconds_bucket{le=\"1\"} 2\n"
                           "took_seconds_bucket{le=\"+Inf\"} 4\ntook_seconds_sum 198.2\n"
                           "took_seconds_count 4\n"
                           "# HELP query_seconds How long\n# TYPE query_seconds summary\n"
                           "query_seconds_sum{query=\"user_get\"} 0.5\n"
                           "query_seconds_count{query=\"user_get\"} 2\n"
                           "# HELP busy Busy workers\n# TYPE busy gauge\nbusy 7\n",
            all());
    }
    metrics_free(metrics);
    unlink(file("kinds.0.metrics"));
}

static void
test_a_full_file_drops_what_is_new_and_keeps_what_is_there(void)
{
    struct metrics *metrics;

    CHECK(metrics_open(folder, "full", &metrics, &err));
    for (int i = 0; i < 20000; i++)
        metrics_add(metrics, &SENT, 1, "ok", arena_printf(&arena, "node-%d", i));
    metrics_add(metrics, &SENT, 1, "ok", "node-0");
    CHECK(metrics_dropped(metrics) > 0);
    CHECK(strstr(all(), "node=\"node-0\"} 2\n") != NULL);
    CHECK(strstr(all(), "node=\"node-19999\"") == NULL);
    metrics_free(metrics);
    unlink(file("full.0.metrics"));
}

static void
test_one_name_with_two_meanings_counts_as_the_first(void)
{
    static const struct metric OTHER = {"sent_total", "Other", METRIC_GAUGE};
    struct metrics *one, *other;

    CHECK(metrics_open(folder, "two", &one, &err));
    metrics_add(one, &SENT, 5, "ok", "a");
    metrics_set(one, &OTHER, 1);
    CHECK(metrics_open(folder, "two", &other, &err));
    metrics_add(other, &SENT, 6, "ok", "a");
    CHECK(strstr(all(), "} 11\n") != NULL || strstr(all(), "sent_total 1\n") != NULL);
    metrics_free(one);
    metrics_free(other);
    unlink(file("two.0.metrics"));
    unlink(file("two.1.metrics"));
}

/* -- many ---------------------------------------------------------------------------------- */

/* A worker counts, says so, and dies or waits to be killed. */
static pid_t
worker(double amount, bool waits)
{
    int ready[2];
    char byte;

    CHECK(pipe(ready) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct metrics *metrics;

        if (!metrics_open(folder, "users", &metrics, &err))
            _exit(1);
        metrics_add(metrics, &SENT, amount, "ok", "a");
        metrics_add(metrics, &BUSY, 1);
        if (write(ready[1], "x", 1) != 1)
            _exit(1);
        while (waits)
            pause();
        _exit(0);
    }
    CHECK(read(ready[0], &byte, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void
end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void
test_counts_survive_the_worker_and_gauges_do_not(void)
{
    pid_t one = worker(10, true), other = worker(100, true);

    CHECK(strstr(all(), "sent_total{result=\"ok\",node=\"a\"} 110\n") != NULL);
    CHECK(strstr(all(), "\nbusy 2\n") != NULL);
    end(one);
    CHECK(strstr(all(), "} 110\n") != NULL && strstr(all(), "busy 1\n") != NULL);
    pid_t next = worker(1000, true); /* goes on in the slot of the dead one */
    CHECK(strstr(all(), "} 1110\n") != NULL && strstr(all(), "busy 2\n") != NULL);
    end(other);
    end(next);
    CHECK(strstr(all(), "} 1110\n") != NULL && strstr(all(), "busy") == NULL);
    CHECK(access(file("users.2.metrics"), F_OK) != 0);
}

static void
test_a_damaged_file_is_left_out(void)
{
    const char *path = file("users.0.metrics");
    struct metrics *metrics;
    int fd = open(path, O_RDWR);
    char was[512], now[512];

    CHECK(fd >= 0 && pread(fd, was, sizeof(was), 0) == sizeof(was));
    for (int round = 0; round < 3000; round++) {
        memcpy(now, was, sizeof(now));
        for (int i = 0; i < 4; i++)
            now[8 + rand_below(sizeof(now) - 8)] = (char)rand_below(256);
        if (pwrite(fd, now, sizeof(now), 0) != sizeof(now))
            break;
        all(); /* whatever it says, it does not crash */
        if (metrics_open(folder, "users", &metrics, &err)) {
            metrics_add(metrics, &SENT, 1, "ok", "b");
            metrics_free(metrics);
        }
        if (ftruncate(fd, 1 << 19) != 0 || ftruncate(fd, 1 << 20) != 0)
            break;
    }
    CHECK(pwrite(fd, "none", 4, 0) == 4);
    close(fd);
    CHECK(strstr(all(), "} 1000\n") != NULL || strstr(all(), "} 100\n") != NULL);
    CHECK(metrics_open(folder, "users", &metrics, &err)); /* and the next worker begins anew */
    metrics_add(metrics, &SENT, 1, "ok", "z");
    CHECK(strstr(all(), "node=\"z\"} 1\n") != NULL);
    metrics_free(metrics);
}

static void
test_a_folder_that_cannot_be_is_an_error(void)
{
    struct metrics *metrics;

    CHECK(!metrics_open("/proc/none", "users", &metrics, &err));
    CHECK_INT(ERR_FILE, err.code);
    CHECK(!metrics_read("/proc/none", NULL, &err));
    CHECK_INT(ERR_FILE, err.code);
}

int
main(void)
{
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    test_every_kind_survives_the_way_through_a_file();
    test_a_full_file_drops_what_is_new_and_keeps_what_is_there();
    test_one_name_with_two_meanings_counts_as_the_first();
    test_counts_survive_the_worker_and_gauges_do_not();
    test_a_damaged_file_is_left_out();
    test_a_folder_that_cannot_be_is_an_error();
    for (int slot = 0; slot < 2; slot++)
        unlink(arena_printf(&arena, "%s/users.%d.metrics", folder, slot));
    rmdir(folder);
    arena_reset(&arena);
    return check_report("metrics/folder");
}
