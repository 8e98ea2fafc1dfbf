/*
 * A lab whose xray, a memory, plays a script.
 *
 *     struct script script = {.failures = 3};
 *
 *     open_with(&lab, &script, "ab");
 *     change(&lab, 11, "b", 2, "{}");
 */
#ifndef TG_TEST_AGENT_SCRIPT_H
#define TG_TEST_AGENT_SCRIPT_H

#include "agent/component.h"
#include "daemons/agent/lab.h"

/* What the gateway of a test does with each wish. */
struct script {
    int failures;       /* fail so many times first */
    const char *reject; /* a key that can never succeed */
    const char *hold;   /* a key whose report the test makes itself */
    ticket_t held;      /* of it, newest */
    char order[256];    /* keys as they were handed out, removals with a "-" */
    bool cut_later;     /* say component_applied() first */
};

bool script_play(struct memory *memory, const struct wish *wish, ticket_t ticket);

/* With a snapshot of these keys, a letter each, at generation 10. */
void open_with(struct lab *lab, struct script *script, const char *keys);

void change(struct lab *lab, int64_t gen, const char *key, int64_t ver, const char *payload);

bool has_caught_up(struct lab *lab);

#endif
