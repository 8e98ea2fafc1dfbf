/*
 * A turn of the rules against the test database, with a user and a device to begin with, for tests
 * of domain/ and what is above it.
 */
#ifndef TG_TEST_FIXTURE_H
#define TG_TEST_FIXTURE_H

#include "domain/catalog.h"
#include "store/connections.h"

#define FIXTURE_USER   INT64_C(7)
#define FIXTURE_DEVICE "00000000-0000-4000-8000-00000000000d"

#define FIXTURE_REALITY_KEY "Z84J2IelR9ch3k8VtlVhhs5ycBUlXA7wHBWcBrjqnAw"

struct fixture {
    struct arena arena;
    struct db db;
    struct settings settings;
    struct turn turn;
    struct err err;
};

/* Empties the database; there is FIXTURE_USER with FIXTURE_DEVICE, a node for VPS_T, and the pool
 * of addresses 10.70.0.0/24. */
void fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* Addresses for WireGuard: 10.70.0.0/24, its gateway 10.70.0.1. */
void fixture_pool(struct fixture *fixture);

/* Ends the turn and begins the next one. */
void fixture_turn(struct fixture *fixture);

/* Another connection to the same database, as another worker has it. */
void fixture_join(struct fixture *fixture);

/* www.one.net (1), off.two.net (2, disabled), www.three.net (3, of mts). */
extern const struct catalog fixture_catalog;

/* Settings that issuing can work with. */
void fixture_settings(struct settings *settings);

/* One number that a statement of a test answers with, as `n`; it may use $1. */
int64_t fixture_number(struct fixture *fixture, const char *sql, const char *arg);
void fixture_exec(struct fixture *fixture, const char *sql, const char *arg);
/* The same where it may fail: false, and fixture->err says why. */
bool fixture_try(struct fixture *fixture, const char *sql, const char *arg);

/* A VLESS REALITY connection, direct, with its first revision. */
void fixture_connect(struct fixture *fixture, struct connection *connection);

/* One that can be had, by its protocol, direct; for a device of FIXTURE_USER. False when a rule
 * says no: fixture->err. */
bool fixture_connect_as(
    struct fixture *fixture, int protocol, const char *device_id, struct connection *connection);

#endif
