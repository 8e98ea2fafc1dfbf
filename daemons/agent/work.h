/*
 * The keys of one component that are not simply waiting on the disk: handed out, cutting sessions,
 * or in a pause before they are tried again. Their number is small but for mass revocations.
 */
#ifndef TG_AGENT_WORK_H
#define TG_AGENT_WORK_H

#include <sys/queue.h>

#include "agent/component.h"
#include "base/time.h"

enum {
    WORK_BUCKETS = 1024
};

enum work_phase {
    WORK_RUNNING,
    WORK_CUTTING, /* read back; live sessions still end */
    WORK_PAUSED,  /* until `due` */
    WORK_PHASES
};

struct work {
    LIST_ENTRY(work) by_key, by_ticket;
    TAILQ_ENTRY(work) in_phase;
    enum work_phase phase;
    ticket_t ticket;
    int64_t ver, since, fails, max_attempts;
    bool removes;
    usec_t came_at; /* by time_now() */
    bool changed;   /* the wish is another one by now: what the ticket reports is not about it */
    usec_t due;
    char key[KEY_MAX + 1];
};

LIST_HEAD(work_bucket, work);
TAILQ_HEAD(work_queue, work);

struct works {
    struct arena arena;
    struct work_bucket by_key[WORK_BUCKETS], by_ticket[WORK_BUCKETS];
    struct work_queue phases[WORK_PHASES];
    struct work_bucket unused; /* linked by by_key */
    size_t counts[WORK_PHASES];
};

void works_init(struct works *works);
void works_clear(struct works *works); /* all of them; init'ed again */

/* New, in phase WORK_RUNNING. The key must not be there yet. */
struct work *works_add(struct works *works, const char *key, ticket_t ticket);

/* NULL when there is none. */
struct work *works_find(struct works *works, const char *key);
struct work *works_ticket(struct works *works, ticket_t ticket);

void works_move(struct works *works, struct work *work, enum work_phase phase);

/* Out of a pause, with a new ticket. */
void works_resume(struct works *works, struct work *work, ticket_t ticket);

void works_drop(struct works *works, struct work *work);

#endif
