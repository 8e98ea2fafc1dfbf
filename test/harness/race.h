/*
 * Races: many processes at once, each with its own connection to the test's database, let go
 * together.
 *
 *     static bool
 *     add(struct fixture *own, int number, const char *arg) { return user_create(&own->turn, ...);
 * }
 *
 *     race(&fixture, add, NULL);
 */
#ifndef TG_TEST_RACE_H
#define TG_TEST_RACE_H

#include <sys/types.h>

#include "harness/fixture.h"

enum {
    RACERS = 50
};

/* Of one racer: false is a failure of the test, unless own->err says to come again. */
typedef bool racer_fn(struct fixture *own, int number, const char *arg);

/* All of them, to their end. The fixture is opened anew: no child shares its connection. */
void race(struct fixture *fixture, racer_fn *run, const char *arg);

/* One of them, which starts when *gate is closed. Its exit status is that of a success. */
pid_t race_alone(struct fixture *fixture, racer_fn *run, const char *arg, int *gate);

#endif
