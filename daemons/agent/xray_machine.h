/*
 * One credential made right, step by step: what Xray holds and should not is removed, what it
 * should hold is added, and each is read back. After every answer the next step follows from what
 * is wished by then, so a wish that changes meanwhile needs nothing of its own.
 *
 * xray_machine.c is the one machine; xray_batch.c bounds how many are adding at once, and reads
 * back together what was added together.
 */
#ifndef TG_AGENT_XRAY_MACHINE_H
#define TG_AGENT_XRAY_MACHINE_H

#include "agent/xray.h"

struct machine_report {
    enum xray_result result;
    bool unproven;   /* added, and not read back: the next comparison shows it */
    const char *cut; /* the marker whose sessions were ended, or "" */
    enum xray_tag tag;
};

struct machine_order {
    struct credential *credential;
    bool hasty; /* under pressure the reading back may be left to a comparison */
    void (*done)(void *arg, const struct machine_report *report);
    void *arg;
};

/* Make the credential right. Answered within the call or later. */
void xray_make_right(struct xray *xray, const struct machine_order *order);

/* -- between the two files ----------------------------------------------------------------- */

struct machine {
    LIST_ENTRY(machine) entry;
    TAILQ_ENTRY(machine) in_batch;
    struct xray *xray;
    struct credential *credential;
    struct waiters waiters;
    unsigned steps;
    bool listed;             /* a list under way will show it */
    bool verified;           /* what is held was read back since the last waiter came */
    bool hasty;              /* no waiter minds */
    bool seen_ours;          /* its id is the credential's */
    char email[MARKER_SIZE]; /* what the step under way is about */
    struct xray_user seen;   /* what is being added, or what reading back has shown */
    char cut[MARKER_SIZE];
};

void machine_advance(struct machine *machine);

/* Of the addition that it asked for: added, and to be read back or believed; or not added. */
void machine_believe(struct machine *machine);
void machine_not_added(struct machine *machine, enum xray_result result);

/* Reading back: begin, each user that is shown, the end. */
void machine_look(struct machine *machine);
void machine_read_back(struct machine *machine);
void machine_see(void *machine, const struct xray_entry *entry);
void machine_seen(void *machine, const struct xray_answer *answer);

void xray_batches_init(struct xray *xray);

/* Add machine->seen, now or when it is its turn: then machine_advance() is called first, since
 * something else may be wished by then. */
void batch_add(struct machine *machine);

/* No more comes for now: read back what was added. */
void xray_handed_out(struct component *component);

#endif
