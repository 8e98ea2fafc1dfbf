/*
 * Another program, run without waiting for it: arguments as words, no shell, nothing inherited but
 * the environment and our stderr (its stdout goes nowhere). It is killed when its time is up.
 *
 *     const char *const argv[] = {"/usr/bin/xray", "run", "-test", "-c", path, NULL};
 *
 *     return child_start(base, argv, 10000, (struct child_done){tested, self}, err);
 */
#ifndef TG_AGENT_CHILD_H
#define TG_AGENT_CHILD_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct event_base;

enum {
    CHILD_KILLED = -1 /* by a signal, ours when it was late */
};

struct child_done {
    void (*done)(void *arg, int status); /* what it exited with, or CHILD_KILLED */
    void *arg;
};

/* ERR_SETTINGS when it cannot be started. A child whose owner ends first must be cancelled. */
struct child;
bool child_start(struct event_base *base, const char *const *argv, int64_t timeout_ms,
    struct child_done done, struct child **child, struct err *err) MUST_CHECK;

/* Let others go first: it is in nobody's hurry. */
void child_step_back(const struct child *child);

/* Kill it; done is not called. NULL is ignored. */
void child_cancel(struct child *child);

/* A command as argv: words apart by blanks, "…", '…' and \ as in a shell, nothing expanded. NULL
 * when a quote is open or there is no word. */
const char *const *child_words(struct arena *arena, const char *command);

#endif
