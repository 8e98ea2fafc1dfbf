/*
 * An agent in this process, on memory components, with its real app and loop but no socket.
 *
 *     struct lab lab;
 *
 *     lab_open(&lab, "xray,bundle");
 *     lab_call(&lab, "GET", "/v1/state", NULL);
 *     CHECK_INT(200, lab.status); … json_object_object_get(lab.reply, "boot")
 *     lab_close(&lab);
 */
#ifndef TG_TEST_AGENT_LAB_H
#define TG_TEST_AGENT_LAB_H

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/app.h"
#include "agent/memory.h"
#include "base/str.h"
#include "harness/check.h"
#include "schema/json.h"

#define EPOCH   "11111111-1111-4111-8111-111111111111"
#define EPOCH_2 "22222222-2222-4222-8222-222222222222"
#define TOKEN   "node-token"

struct lab {
    struct agent agent;
    struct settings settings;
    const struct component_type *type;         /* found before the memory's, without a dry run */
    const struct component_type *const *types; /* or: all there are */
    char root[64];
    const char *token, *sum; /* headers of the next call */
    char sums[64][65];       /* of the parts sent */
    /* the last answer */
    struct arena arena;
    int status;
    struct json_object *reply; /* NULL when it is no JSON */
};

void lab_open(struct lab *lab, const char *components);

/* The first half of lab_open(), for other settings; lab_reopen() is the second. */
void lab_prepare(struct lab *lab, const char *components);
void lab_reopen(struct lab *lab); /* another process on the same state */
void lab_close(struct lab *lab);  /* and remove its files */

/* Single quotes stand for double ones. Runs the loop until the answer is there. */
void lab_call(struct lab *lab, const char *method, const char *path, const char *body);
void
lab_call_raw(struct lab *lab, const char *method, const char *path, const char *body, size_t size);

/* The loop, until it is reached or five seconds have passed: then a failed check. */
void lab_until(struct lab *lab, bool (*reached)(struct lab *lab));

/* "converged.xray" in the last answer; -1 when it is not there. Texts: "" likewise. */
int64_t lab_int(struct lab *lab, const char *path);
const char *lab_text(struct lab *lab, const char *path);
int64_t lab_length(struct lab *lab, const char *path);

struct memory *lab_memory(struct lab *lab, const char *component);

/* One event as a batch holds it, without a gen when it is 0. */
const char *lab_event(struct arena *arena, int64_t gen, const char *component, const char *key,
    int64_t ver, const char *payload);

/* A batch from..to of these events, and the steps of a snapshot; all with token 1. */
void lab_batch(struct lab *lab, int64_t from, int64_t to, const char *events);
void lab_part(struct lab *lab, const char *id, int n, const char *epoch, const char *events);
void lab_commit(struct lab *lab, const char *id, int parts, const char *epoch, int64_t gen);

/* Of one part, in EPOCH. */
void lab_snapshot(struct lab *lab, const char *id, int64_t gen, const char *events);

#endif
