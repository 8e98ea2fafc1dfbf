#include "harness/race.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/check.h"

enum {
    TRIES = 20 /* of a change that had to wait too long for the others */
};

/* A 503 is an answer: what had to wait too long, or found the server too busy, may come again. */
static bool
may_try_again(struct fixture *own)
{
    enum err_class class = err_kinds[own->err.code].class;

    fixture_turn(own);
    return class == CLASS_RETRY || class == CLASS_UNAVAILABLE;
}

/* In a process of its own, so it tells by its status alone. */
static int
race_one(racer_fn *run, int number, const char *arg, int gate)
{
    struct fixture own;
    char byte;
    bool done = false;

    fixture_join(&own);
    (void)fixture_try(&own, "select", NULL); /* connected before the start, if all goes well */
    fixture_turn(&own);
    if (read(gate, &byte, 1) != 0) /* the end of the pipe is the start */
        return EXIT_FAILURE;
    for (int i = 0; i < TRIES && !done; i++) {
        done = run(&own, number, arg);
        if (!done && !may_try_again(&own))
            break;
    }
    if (!done)
        fprintf(stderr, "# racer %d: %s\n", number, own.err.detail);
    fixture_close(&own);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

void
race(struct fixture *fixture, racer_fn *run, const char *arg)
{
    int gate[2], status;

    CHECK(pipe(gate) == 0);
    fixture_close(fixture);
    for (int i = 0; i < RACERS; i++) {
        if (fork() != 0)
            continue;
        close(gate[1]);
        _exit(race_one(run, i, arg, gate[0]));
    }
    close(gate[0]);
    close(gate[1]);
    while (wait(&status) > 0)
        CHECK_INT(EXIT_SUCCESS, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    fixture_join(fixture);
}

pid_t
race_alone(struct fixture *fixture, racer_fn *run, const char *arg, int *gate)
{
    int ends[2];

    CHECK(pipe(ends) == 0);
    fixture_close(fixture);
    pid_t child = fork();
    if (child == 0) {
        close(ends[1]);
        _exit(race_one(run, 0, arg, ends[0]));
    }
    close(ends[0]);
    fixture_join(fixture);
    *gate = ends[1];
    return child;
}
