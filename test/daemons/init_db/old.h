/*
 * Databases as the earlier program left them, and the program that takes them over. There is one
 * at a time, and it is dropped at the end.
 *
 *     old_open();
 *     old_make(&(struct old){.stage = 3, .filled = true, .stamped = true});
 *     status = old_run(&said, "--adopt", NULL);
 *     ... old_ask("select ..."), old_schema()
 *     old_close();
 */
#ifndef TG_TEST_OLD_H
#define TG_TEST_OLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"

enum {
    OLD_STAGES = 7,
    OLD_ARGS_MAX = 8
};

struct old {
    int64_t stage; /* 0: a database with nothing in it */
    bool filled, stamped;
};

/* Lives as long as the test: what is read from the database and from programs. */
extern struct arena old_arena;

void old_open(void);
void old_close(void);

/* A new database in place of the last one. */
void old_make(const struct old *old);
const char *old_conninfo(void);

/* The revision that the version table of the earlier program has at a stage. */
const char *old_revision(int64_t stage);

/* The first value of a statement; "" when there is none. */
const char *old_ask(const char *sql);

/* All that the schema is, but partitions, whose names are dates. */
const char *old_schema(void);

/* The same, and all rows of the tables that the earlier program knew: to see that nothing changed.
 */
const char *old_contents(void);

/* tracegate-init-db with these arguments up to NULL: its status; 128 and the signal when it was
 * killed. `said`: what it wrote to both of its outputs. */
int old_run(const char **said, ...) __attribute__((sentinel));

/* The same, running on: *output is the reading end of both of its outputs. */
pid_t old_start(int *output, ...) __attribute__((sentinel));
int old_wait(pid_t pid);

/* Read from `output` until it has said `word`: false when it ended without. */
bool old_says(int output, const char *word);

#endif
