/*
 * A node's agent for tests of the dispatcher: keeps what it is told, refuses what a real one
 * refuses, and remembers what it has seen, so that a test can ask for orders that must not be.
 *
 *     struct fake_node node;
 *
 *     fake_open(&node, base, "t1");
 *     ... register node.peer.url as base_url
 *     fake_key(&node, connection_id)->ver
 */
#ifndef TG_TEST_FAKE_NODE_H
#define TG_TEST_FAKE_NODE_H

#include <json-c/json.h>
#include <stdint.h>

#include "harness/peer.h"

enum {
    FAKE_KEYS_MAX = 4096,
    FAKE_COMPONENTS = 2
};

struct fake_key {
    char id[64], type[24];
    int64_t ver, gen;
    bool removed;
    char payload[1024]; /* as much of it as fits */
};

struct fake_node {
    struct peer peer;
    struct event_base *base;
    const char *token; /* that it wants; NULL: any */

    /* its state */
    bool ready;
    char epoch[40];
    int64_t desired_gen, max_token;
    int64_t held_back[FAKE_COMPONENTS]; /* xray, bundle: this much behind desired_gen */
    struct fake_key keys[FAKE_KEYS_MAX];
    size_t count;
    struct fake_key parts[FAKE_KEYS_MAX]; /* of a snapshot that is not committed */
    size_t part_count;
    char sums[64 * 64 + 1];

    /* how it shall behave */
    int status;               /* instead of what it would answer; 0: honestly */
    int status_times;         /* so often; -1: always */
    bool lose_replies;        /* do as told, but close the connection instead of answering */
    bool hold;                /* do not even read events */
    const char *refused;      /* a key that is always rejected */
    const char *refused_code; /* with this; NULL: unknown_inbound */
    const char *poison;       /* a batch or a part with this key is 422 */

    /* what it has seen */
    struct evhttp_request *held, *waiting;
    int requests, looks, watches, batches, events, parts_seen, commits;
    int fenced, gaps, too_old;
    int64_t last_batch, largest_batch; /* events */
    char last_path[96];
    int64_t batch_at; /* usec, monotonic */
};

void fake_open(struct fake_node *node, struct event_base *base);

/* The process is gone: connections break, nobody listens. The state stays. */
void fake_kill(struct fake_node *node);
void fake_restart(struct fake_node *node); /* on the same port */

/* Lost all it knew. */
void fake_wipe(struct fake_node *node);

const struct fake_key *fake_key(const struct fake_node *node, const char *id);

/* Answer a waiting GET /v1/state, if there is one. */
void fake_wake(struct fake_node *node);

#endif
