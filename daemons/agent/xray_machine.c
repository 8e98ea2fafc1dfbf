#include "agent/xray_machine.h"

#include <string.h>

enum {
    STEPS_MAX = 16 /* Xray and we do not agree: enough */
};

struct waiter {
    LIST_ENTRY(waiter) entry;
    void (*done)(void *arg, const struct machine_report *report);
    void *arg;
};

static const char *
tag_of(const struct machine *machine)
{
    return xray_tags[machine->credential->tag];
}

static void
finish(struct machine *machine, enum xray_result result)
{
    struct xray *xray = machine->xray;
    const struct machine_report report = {.result = result,
        .unproven = machine->credential->unproven,
        .cut = machine->cut,
        .tag = (enum xray_tag)machine->credential->tag};
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

void
machine_look(struct machine *machine)
{
    machine->seen_ours = false;
    machine->seen = (struct xray_user){0};
}

void
machine_see(void *arg, const struct xray_entry *entry)
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

void
machine_seen(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;
    struct credential *credential = machine->credential;
    bool was_held = credential->held.email[0] != '\0';

    if (answer->result != XRAY_OK && answer->result != XRAY_ABSENT) {
        finish(machine, answer->result);
        return;
    }
    credential->held = machine->seen_ours ? machine->seen : (struct xray_user){0};
    credential->unproven = false;
    machine->verified = true;
    if (was_held && !machine->seen_ours)
        settle_removal(machine, machine->email);
    machine_advance(machine);
}

void
machine_read_back(struct machine *machine)
{
    machine_look(machine);
    xray_get_users(machine->xray->client, tag_of(machine), machine->email,
        (struct xray_visit){machine_see, machine}, (struct xray_done){machine_seen, machine});
}

/* -- removing and adding --------------------------------------------------------------- */

static void
removed(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;

    if (answer->result != XRAY_OK && answer->result != XRAY_ABSENT)
        finish(machine, answer->result);
    else
        machine_read_back(machine);
}

static void
remove_held(struct machine *machine)
{
    memcpy(machine->email, machine->credential->held.email, sizeof(machine->email));
    xray_remove_user(machine->xray->client, tag_of(machine), machine->email,
        (struct xray_done){removed, machine});
}

/* The e-mail is taken, by us or by somebody: what is there is removed, then it is ours. */
static void
hold_unknown(struct machine *machine)
{
    struct xray_user *held = &machine->credential->held;

    *held = (struct xray_user){.flow = FLOW_OTHER};
    memcpy(held->email, machine->email, sizeof(machine->email));
}

void
machine_not_added(struct machine *machine, enum xray_result result)
{
    if (result != XRAY_EXISTS) {
        finish(machine, result);
        return;
    }
    hold_unknown(machine);
    machine_advance(machine);
}

void
machine_believe(struct machine *machine)
{
    struct credential *credential = machine->credential;
    const struct xray_user *wanted = credential_wanted(credential);

    credential->held = machine->seen;
    credential->unproven = true;
    if (wanted != NULL && xray_user_same(wanted, &credential->held))
        finish(machine, XRAY_OK);
    else
        machine_advance(machine);
}

static void
add_wanted(struct machine *machine, const struct xray_user *wanted)
{
    machine->seen = *wanted;
    memcpy(machine->email, wanted->email, sizeof(machine->email));
    batch_add(machine);
}

/* -- a foreign user with the same id --------------------------------------------------- */

static void
rival_removed(void *arg, const struct xray_answer *answer)
{
    struct machine *machine = arg;

    if (answer->result != XRAY_OK && answer->result != XRAY_ABSENT) {
        finish(machine, answer->result);
        return;
    }
    machine->xray->swept += answer->result == XRAY_OK;
    machine_advance(machine);
}

static struct foreigner *
find_rival(const struct xray *xray, const struct credential *credential)
{
    struct foreigner *foreigner;

    TAILQ_FOREACH(foreigner, &xray->foreigners, entry)
    {
        if (foreigner->tag == credential->tag &&
            memcmp(foreigner->id, credential->id, sizeof(credential->id)) == 0)
            break;
    }
    return foreigner;
}

/* Removing any e-mail of an id removes the id: then ours is not right either. */
static bool
remove_rival(struct machine *machine)
{
    struct xray *xray = machine->xray;
    struct credential *credential = machine->credential;
    struct foreigner *foreigner = find_rival(xray, credential);

    if (foreigner == NULL) {
        credential->clash = false;
        credential->held.flow = FLOW_OTHER;
        return false;
    }
    TAILQ_REMOVE(&xray->foreigners, foreigner, entry);
    xray_remove_user(xray->client, tag_of(machine), foreigner->email,
        (struct xray_done){rival_removed, machine});
    return true;
}

/* -- the next step --------------------------------------------------------------------- */

void
machine_advance(struct machine *machine)
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
        machine_read_back(machine);
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

static struct machine *
machine_of(struct xray *xray, struct credential *credential)
{
    struct machine *machine = credential->machine;

    if (machine != NULL)
        return machine;
    machine = machine_take(xray);
    *machine = (struct machine){.xray = xray, .credential = credential, .hasty = true};
    credential->machine = machine;
    credential->busy = true;
    credential->clash = credential->clash || find_rival(xray, credential) != NULL;
    return machine;
}

void
xray_make_right(struct xray *xray, const struct machine_order *order)
{
    bool is_new = order->credential->machine == NULL;
    struct machine *machine = machine_of(xray, order->credential);
    struct waiter *waiter = waiter_take(xray);

    waiter->done = order->done;
    waiter->arg = order->arg;
    LIST_INSERT_HEAD(&machine->waiters, waiter, entry);
    machine->verified = false;
    machine->hasty = machine->hasty && order->hasty;
    if (is_new)
        machine_advance(machine);
}
