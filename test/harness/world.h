/*
 * A small world for tests of delivery: users with connections in the test's database, nodes that
 * are registered, and the log that tells of changes. SQL is the test's own, so that it stays true
 * whatever the program does.
 */
#ifndef TG_TEST_WORLD_H
#define TG_TEST_WORLD_H

#include <stdint.h>

/* Connects to the newest test database (harness/database.h); the world is empty but for an
 * incarnation and one user with one device. */
void world_open(void);
void world_close(void);

/* Run a statement with printf arguments, which must be the test's own words. */
void world_do(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The first column of its first row, as a number; -1 for null or no row. */
int64_t world_int(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same as text; good until the next call. */
const char *world_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Connection number `n` with one B1 credential, at version 1, with its event. Its id is
 * world_connection(n), good until four more are asked for. */
void world_issue(int n);
const char *world_connection(int n);

/* Connections first..last in one statement. */
void world_issue_many(int first, int last);

/* One more change of it, which changes nothing but the version. */
void world_touch(int n);
void world_revoke(int n);

/* Wakes the dispatcher, as a handler does after its answer. */
void world_notify(void);

/* A node of VPS_T; n is from 1. */
void world_node(int n, const char *base_url);
const char *world_node_id(int n);

#endif
