/*
 * One credential made right, step by step: what Xray holds and should not is removed, what it
 * should hold is added, and each is read back. After every answer the next step follows from what
 * is wished by then, so a wish that changes meanwhile needs nothing of its own.
 */
#include <string.h>

#include "agent/xray_machine.h"

enum {
    STEPS_MAX = 16,               /* Xray and we do not agree: enough */
    LIST_SHARE = 8,               /* listing that many users costs what reading one back does */
    ADDING_MAX = 2 * H2_IN_FLIGHT /* of an inbound at once: the connection is always full */
};

struct waiter {
    LIST_ENTRY(waiter) entry;
    void (*done)(void *arg, const struct machine_report *report);
    void *arg;
};

struct machine {
    LIST_ENTRY(machine) entry;
    TAILQ_ENTRY(machine) in_batch;
    bool listed; /* a list under way will show it */
    struct xray *xray;
    struct credential *credential;
    struct waiters waiters;
    unsigned steps;
    bool verified;           /* what is held was read back since the last waiter came */
    char email[MARKER_SIZE]; /* what the step under way is about */
    struct foreigner *rival; /* being removed, or NULL */
    struct xray_user seen;   /* what reading back has shown */
    bool seen_ours;          /* its id is the credential's */
    char cut[MARKER_SIZE];
};

TAILQ_HEAD(additions, machine);

/* Users of one inbound that are added and read back together. */
struct batch {
    struct xray *xray;
    enum xray_tag tag;
    struct additions waiting; /* for their turn to be added */
    size_t adding;            /* calls under way */
    bool starting;
    struct additions added;  /* to be read back once none is waiting or under way */
    struct additions listed; /* those that a list under way will show */
    size_t added_count;
};

static void advance(struct machine *machine);

static const char *
tag_of(const struct machine *machine)
{
    return xray_tags[machine->credential->tag];
}

static struct xray_client *
client_of(const struct machine *machine)
{
    return machine->xray->client;
}

static void
finish(struct machine *machine, enum xray_result result)
{
    struct xray *xray = machine->xray;
    const struct machine_report report = {
        result, machine->cut, (enum xray_tag)machine->credential->tag};
    struct waiter *waiter;

    machine->credential->machine = NULL; /* who asks from now on gets another one */
    while ((waiter = LIST_FIRST(&machine->waiters)) != NULL) {
        LIST_REMOVE(waiter, entry);
        waiter->done(waiter->arg, &report);
        LIST_INSERT_HEAD(&xray->free_waiters, waiter, entry);
    }
    LIST_INSERT_HEAD(&xray->free_machines, machine, entry);
}

/* -- reading back ---------------------------------------------------------------------- */

static void
see(void *arg, const struct xray_entry *entry)
{
    struct machine *machine = arg;
    uint8_t uuid[16], id[16];

    if (!uuid_parse(entry->uuid, uuid))
        return;
    uuid_mask(uuid, id);
    if (memcmp(id, machine->credential->id, sizeof(id)) != 0)
        return; /* the e-mail is another credential's by now */
    machine->seen_ours = true;
    memcpy(machine->seen.uuid, uuid, sizeof(uuid));
    memcpy(machine->seen.email, machine->email, sizeof(machine->email));
    machine->seen.flow = (uint8_t)flow_parse(entry->flow);
    if (strcmp(entry->name, machine->email) != 0) /* in other letters: not as wished */
        machine->seen.flow = FLOW_OTHER;
}

/* A removal was read back: sessions end, unless the same credential only changes its name. */
static void
settle_removal(struct machine *machine, const char *email)
{
    const struct xray_user *wanted = credential_wanted(machine->credential);

    if (wanted != NULL) {
        sessions_rename(machine->xray->sessions, email, wanted->email);
        return;
    }
    xray_cut(machine->xray, email);
    memcpy(machine->cut, email, sizeof(machine->cut));
}

static void
read_back_done(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;
    struct credential *credential = machine->credential;
    bool was_held = credential->held.email[0] != '\0';

    if (answer->result != XRAY_OK && answer->result != XRAY_ABSENT) {
        finish(machine, answer->result);
        return;
    }
    credential->held = machine->seen_ours ? machine->seen : (struct xray_user){0};
    machine->verified = true;
    if (was_held && !machine->seen_ours)
        settle_removal(machine, machine->email);
    advance(machine);
}

static void
read_back(struct machine *machine)
{
    machine->seen_ours = false;
    machine->seen = (struct xray_user){0};
    xray_get_users(client_of(machine), tag_of(machine), machine->email,
        (struct xray_visit){see, machine}, (struct xray_done){read_back_done, machine});
}

/* -- reading back many: what was added together, by one list of all ------------------------ */

static struct batch *
batch_of(const struct machine *machine)
{
    return &machine->xray->batches[machine->credential->tag];
}

static void
see_listed(void *arg, const struct xray_entry *entry)
{
    struct batch *batch = arg;
    const struct credential *credential;
    uint8_t uuid[16];

    if (!uuid_parse(entry->uuid, uuid))
        return;
    credential = index_credential(&batch->xray->index, batch->tag, uuid);
    if (credential != NULL && credential->machine != NULL && credential->machine->listed)
        see(credential->machine, entry);
}

static void read_back_batch(struct batch *batch);

static void
listed(void *arg, const struct xray_answer *answer)
{
    struct batch *batch = arg;
    struct machine *machine;

    while ((machine = TAILQ_FIRST(&batch->listed)) != NULL) {
        TAILQ_REMOVE(&batch->listed, machine, in_batch);
        machine->listed = false;
        read_back_done(machine, answer);
    }
    read_back_batch(batch);
}

static void
list_batch(struct batch *batch)
{
    struct machine *machine;

    while ((machine = TAILQ_FIRST(&batch->added)) != NULL) {
        TAILQ_REMOVE(&batch->added, machine, in_batch);
        TAILQ_INSERT_TAIL(&batch->listed, machine, in_batch);
        machine->listed = true;
        machine->seen_ours = false;
        machine->seen = (struct xray_user){0};
    }
    batch->added_count = 0;
    xray_get_users(batch->xray->client, xray_tags[batch->tag], "",
        (struct xray_visit){see_listed, batch}, (struct xray_done){listed, batch});
}

/* Not before all that are being added have been answered, nor while a list is under way. */
static void
read_back_batch(struct batch *batch)
{
    struct machine *machine;

    if (batch->adding > 0 || !TAILQ_EMPTY(&batch->waiting) || !TAILQ_EMPTY(&batch->listed))
        return;
    if (batch->added_count * LIST_SHARE > batch->xray->index.credential_count) {
        list_batch(batch);
        return;
    }
    while ((machine = TAILQ_FIRST(&batch->added)) != NULL) {
        TAILQ_REMOVE(&batch->added, machine, in_batch);
        batch->added_count--;
        read_back(machine);
    }
}

void
xray_machines_init(struct xray *xray)
{
    xray->batches = arena_alloc(&xray->arena, XRAY_TAGS * sizeof(*xray->batches));
    for (size_t tag = 0; tag < XRAY_TAGS; tag++) {
        struct batch *batch = &xray->batches[tag];

        *batch = (struct batch){.xray = xray, .tag = (enum xray_tag)tag};
        TAILQ_INIT(&batch->waiting);
        TAILQ_INIT(&batch->added);
        TAILQ_INIT(&batch->listed);
    }
}

/* -- removing and adding --------------------------------------------------------------- */

static void
removed(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;

    if (answer->result != XRAY_OK && answer->result != XRAY_ABSENT)
        finish(machine, answer->result);
    else
        read_back(machine);
}

static void
remove_held(struct machine *machine)
{
    memcpy(machine->email, machine->credential->held.email, sizeof(machine->email));
    xray_remove_user(
        client_of(machine), tag_of(machine), machine->email, (struct xray_done){removed, machine});
}

/* The e-mail is taken, by us or by somebody: what is there is removed, then it is ours. */
static void
hold_unknown(struct machine *machine)
{
    struct xray_user *held = &machine->credential->held;

    *held = (struct xray_user){.flow = FLOW_OTHER};
    memcpy(held->email, machine->email, sizeof(machine->email));
}

/* An answer may come within the call: then the outermost loop goes on. */
static void
start_waiting(struct batch *batch)
{
    struct machine *machine;

    if (batch->starting)
        return;
    batch->starting = true;
    while (batch->adding < ADDING_MAX && (machine = TAILQ_FIRST(&batch->waiting)) != NULL) {
        TAILQ_REMOVE(&batch->waiting, machine, in_batch);
        advance(machine);
    }
    batch->starting = false;
}

static void
added(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;
    struct batch *batch = batch_of(machine);

    batch->adding--;
    if (answer->result == XRAY_OK) {
        TAILQ_INSERT_TAIL(&batch->added, machine, in_batch);
        batch->added_count++;
    } else if (answer->result == XRAY_EXISTS) {
        hold_unknown(machine);
        advance(machine);
    } else {
        finish(machine, answer->result);
    }
    start_waiting(batch);
    read_back_batch(batch);
}

/* Its turn comes when fewer are being added; what is wished by then is what is added. */
static void
add_wanted(struct machine *machine, const struct xray_user *wanted)
{
    struct batch *batch = batch_of(machine);
    char uuid[UUID_SIZE];
    const struct xray_entry entry = {machine->email, uuid, flow_text((enum xray_flow)wanted->flow)};

    if (batch->adding >= ADDING_MAX) {
        machine->steps--;
        TAILQ_INSERT_TAIL(&batch->waiting, machine, in_batch);
        return;
    }
    memcpy(machine->email, wanted->email, sizeof(machine->email));
    uuid_print(wanted->uuid, uuid);
    batch->adding++;
    xray_add_user(client_of(machine), tag_of(machine), &entry, (struct xray_done){added, machine});
}

/* -- a foreign user with the same id --------------------------------------------------- */

static void
rival_removed(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;
    struct xray *xray = machine->xray;

    if (answer->result != XRAY_OK && answer->result != XRAY_ABSENT) {
        finish(machine, answer->result);
        return;
    }
    xray->swept += answer->result == XRAY_OK;
    TAILQ_REMOVE(&xray->foreigners, machine->rival, entry);
    machine->rival = NULL;
    advance(machine);
}

/* Removing any e-mail of an id removes the id: then ours is not right either. */
static bool
remove_rival(struct machine *machine)
{
    struct credential *credential = machine->credential;
    struct foreigner *foreigner;

    TAILQ_FOREACH(foreigner, &machine->xray->foreigners, entry)
    {
        if (foreigner->tag == credential->tag &&
            memcmp(foreigner->id, credential->id, sizeof(credential->id)) == 0)
            break;
    }
    machine->rival = foreigner;
    if (foreigner == NULL) {
        credential->clash = false;
        credential->held.flow = FLOW_OTHER;
        return false;
    }
    xray_remove_user(client_of(machine), tag_of(machine), foreigner->email,
        (struct xray_done){rival_removed, machine});
    return true;
}

/* -- the next step --------------------------------------------------------------------- */

static void
advance(struct machine *machine)
{
    struct credential *credential = machine->credential;
    const struct xray_user *wanted = credential_wanted(credential);
    bool held = credential->held.email[0] != '\0';

    if (++machine->steps > STEPS_MAX) {
        finish(machine, XRAY_FAILED);
        return;
    }
    if (credential->clash && remove_rival(machine))
        return;
    if (held && (wanted == NULL || !xray_user_same(wanted, &credential->held))) {
        remove_held(machine);
    } else if (wanted != NULL && !held) {
        add_wanted(machine, wanted);
    } else if (wanted != NULL && !machine->verified) {
        memcpy(machine->email, wanted->email, sizeof(machine->email));
        read_back(machine);
    } else {
        finish(machine, XRAY_OK);
    }
}

static struct machine *
machine_take(struct xray *xray)
{
    struct machine *machine = LIST_FIRST(&xray->free_machines);

    if (machine == NULL)
        return arena_alloc(&xray->arena, sizeof(*machine));
    LIST_REMOVE(machine, entry);
    return machine;
}

static struct waiter *
waiter_take(struct xray *xray)
{
    struct waiter *waiter = LIST_FIRST(&xray->free_waiters);

    if (waiter == NULL)
        return arena_alloc(&xray->arena, sizeof(*waiter));
    LIST_REMOVE(waiter, entry);
    return waiter;
}

void
xray_make_right(struct xray *xray, struct credential *credential,
    void (*done)(void *arg, const struct machine_report *report), void *arg)
{
    struct machine *machine = credential->machine;
    struct waiter *waiter = waiter_take(xray);
    bool is_new = machine == NULL;

    if (is_new) {
        machine = machine_take(xray);
        *machine = (struct machine){.xray = xray, .credential = credential};
        credential->machine = machine;
    }
    waiter->done = done;
    waiter->arg = arg;
    LIST_INSERT_HEAD(&machine->waiters, waiter, entry);
    machine->verified = false;
    if (is_new)
        advance(machine);
}
