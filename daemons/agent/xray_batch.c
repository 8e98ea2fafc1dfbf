#include "agent/xray_machine.h"

enum {
    LIST_SHARE = 8,               /* listing that many users costs what reading one back does */
    ADDING_MAX = 2 * H2_IN_FLIGHT /* of an inbound at once: the connection is always full */
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

static struct batch *
batch_of(const struct machine *machine)
{
    return &machine->xray->batches[machine->credential->tag];
}

/* -- reading back -------------------------------------------------------------------------- */

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
        machine_see(credential->machine, entry);
}

static void read_back(struct batch *batch);

static void
listed(void *arg, const struct xray_answer *answer)
{
    struct batch *batch = arg;
    struct machine *machine;

    while ((machine = TAILQ_FIRST(&batch->listed)) != NULL) {
        TAILQ_REMOVE(&batch->listed, machine, in_batch);
        machine->listed = false;
        machine_seen(machine, answer);
    }
    read_back(batch);
}

static void
list(struct batch *batch)
{
    struct machine *machine;

    while ((machine = TAILQ_FIRST(&batch->added)) != NULL) {
        TAILQ_REMOVE(&batch->added, machine, in_batch);
        TAILQ_INSERT_TAIL(&batch->listed, machine, in_batch);
        machine->listed = true;
        machine_look(machine);
    }
    batch->added_count = 0;
    xray_get_users(batch->xray->client, xray_tags[batch->tag], "",
        (struct xray_visit){see_listed, batch}, (struct xray_done){listed, batch});
}

/* Not before all that are being added have been answered, nor while a list is under way, nor while
 * more is coming: that may yet be left to a comparison. */
static void
read_back(struct batch *batch)
{
    struct machine *machine;

    if (batch->adding > 0 || !TAILQ_EMPTY(&batch->waiting) || !TAILQ_EMPTY(&batch->listed) ||
        component_more_comes(batch->xray->component))
        return;
    if (batch->added_count * LIST_SHARE > batch->xray->index.credential_count) {
        list(batch);
        return;
    }
    while ((machine = TAILQ_FIRST(&batch->added)) != NULL) {
        TAILQ_REMOVE(&batch->added, machine, in_batch);
        batch->added_count--;
        machine_read_back(machine);
    }
}

/* -- believing ----------------------------------------------------------------------------- */

/* One that was believed before and not found then is read back at once. */
static bool
may_believe(const struct machine *machine)
{
    return machine->hasty && !machine->credential->unproven &&
        component_is_pressed(machine->xray->component);
}

static void
settle_added(struct batch *batch)
{
    struct machine *machine, *next;

    for (machine = TAILQ_FIRST(&batch->added); machine != NULL; machine = next) {
        next = TAILQ_NEXT(machine, in_batch);
        if (!may_believe(machine))
            continue;
        TAILQ_REMOVE(&batch->added, machine, in_batch);
        batch->added_count--;
        machine_believe(machine);
    }
}

/* -- adding -------------------------------------------------------------------------------- */

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
        machine_advance(machine);
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
    } else {
        machine_not_added(machine, answer->result);
    }
    start_waiting(batch);
    if (component_is_pressed(batch->xray->component))
        settle_added(batch);
    read_back(batch);
}

void
batch_add(struct machine *machine)
{
    struct batch *batch = batch_of(machine);
    const struct xray_user *user = &machine->seen;
    char uuid[UUID_SIZE];

    if (batch->adding >= ADDING_MAX) {
        machine->steps--;
        TAILQ_INSERT_TAIL(&batch->waiting, machine, in_batch);
        return;
    }
    uuid_print(user->uuid, uuid);
    batch->adding++;
    xray_add_user(machine->xray->client, xray_tags[batch->tag],
        &(const struct xray_entry){user->email, uuid, flow_text((enum xray_flow)user->flow)},
        (struct xray_done){added, machine});
}

void
xray_batches_init(struct xray *xray)
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

void
xray_handed_out(struct component *component)
{
    struct xray *xray = component_self(component);

    for (size_t tag = 0; tag < XRAY_TAGS; tag++)
        read_back(&xray->batches[tag]);
}
