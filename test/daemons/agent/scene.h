/*
 * The agent with its real xray component, a real Xray, and what another program sees in Xray.
 *
 *     if (scene_open(&scene)) {
 *         wish_users(&scene, "one", 1, credential(&scene, 0, "b1-one-1", UUID_A));
 *         CHECK_STR("b1-one-1 " UUID_A " " LAB_FLOW, look(&scene, "b1-one-1"));
 *     }
 *     scene_close(&scene);
 */
#ifndef TG_TEST_AGENT_SCENE_H
#define TG_TEST_AGENT_SCENE_H

#include "agent/xray.h"
#include "daemons/agent/lab.h"
#include "harness/xray_lab.h"

#define UUID_A "aaaaaaaa-1111-4111-8111-aaaaaaaaaaaa"
#define UUID_B "bbbbbbbb-2222-4222-8222-bbbbbbbbbbbb"
#define UUID_C "cccccccc-3333-4333-8333-cccccccccccc"

struct scene {
    struct lab lab; /* first: what lab_until() hands on is a scene */
    struct xray_lab gateway;
    struct arena arena;
    int64_t gen;
    struct xray_client *looker;
    bool answered;
    enum xray_result result;
    int users;      /* of the last look */
    char seen[256]; /* the last one of it */
};

bool scene_open(struct scene *scene);
bool scene_prepare(struct scene *scene); /* less: Xray, its base and the agent do not run yet */
void scene_close(struct scene *scene);
void open_agent(struct scene *scene); /* again: another process on the same state */

struct component *component_of(struct lab *lab);
struct xray *xray_of(struct lab *lab);

/* -- looking into Xray -- */

/* "email uuid flow", or "". */
const char *look(struct scene *scene, const char *email);
int count_users(struct scene *scene);
void add_foreigner(struct scene *scene, const char *email, const char *uuid);
void remove_by_hand(struct scene *scene, const char *email);

/* -- waiting -- */

bool is_down(struct lab *lab);

/* Compared, swept, and everything applied. */
void settle(struct scene *scene);
void compare(struct scene *scene);

/* -- wishes -- */

const char *credential(struct scene *scene, int slot, const char *marker, const char *uuid);
const char *payload(struct scene *scene, const char *protocol, const char *credentials);

/* One wish as a batch; the answer is in the lab. NULL: removed. */
void wish(struct scene *scene, const char *key, int64_t ver, const char *text);
void wish_users(struct scene *scene, const char *key, int64_t ver, const char *credentials);

#endif
