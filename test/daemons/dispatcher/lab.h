/*
 * One dispatcher in this process, on the same loop as its only node.
 *
 *     set_up();
 *     world_touch(1);
 *     world_notify();
 *     CHECK(wait_for(1, 2));
 *     tear_down();
 */
#ifndef TG_TEST_DISPATCHER_LAB_H
#define TG_TEST_DISPATCHER_LAB_H

#include "dispatcher/node.h"
#include "harness/fake_node.h"
#include "harness/world.h"

extern struct dispatcher dispatcher;
extern struct fake_node node;

void set_up(void);
void tear_down(void);

/* The node has connection `n` at this version, or a later one. */
bool wait_for(int n, int64_t ver);

/* The first column of the first row is true. */
bool wait_for_row(const char *sql);

#endif
