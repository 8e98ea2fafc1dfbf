/*
 * Random histories against a model: batches, snapshots, repairs, a gateway that fails, lags, goes
 * away, restarts, and an agent that restarts. After each answer what counts as converged is so; at
 * the end the gateway is what the model says.
 */
#include "agent/component.h"
#include "daemons/agent/lab.h"

enum {
    RUNS = 150,
    STEPS = 40,
    KEYS = 12,
    HELD_MAX = 64
};

struct held {
    ticket_t ticket;
    char key[8];
    int64_t ver; /* 0: its removal */
};

struct world {
    struct lab lab;
    uint64_t random;
    int64_t gen;
    bool drifts; /* the gateway may forget by itself: then nothing is promised meanwhile */
    bool calm;   /* nothing fails any more */
    struct {
        int64_t ver, gen;
        bool there;
    } keys[KEYS];
    struct held held[HELD_MAX];
    size_t held_count;
};

static unsigned
pick(struct world *world, unsigned below)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(world->random >> 33) % below;
}

static const char *
name_of(struct arena *arena, unsigned key)
{
    return arena_printf(arena, "k%u", key);
}

/* -- the gateway --------------------------------------------------------------------------- */

static void
release(struct world *world, size_t index)
{
    struct held held = world->held[index];
    struct memory *memory = lab_memory(&world->lab, "xray");

    world->held[index] = world->held[--world->held_count];
    memory_set(memory, held.key, held.ver);
    component_done(memory->component, held.ticket);
}

static bool
misbehave(struct memory *memory, const struct wish *wish, ticket_t ticket)
{
    struct world *world = memory->object;
    unsigned fate = world->calm ? 99 : pick(world, 8);
    struct held *held = &world->held[world->held_count];

    if (fate == 0) {
        component_failed(memory->component, ticket, "not now");
        return true;
    }
    if (fate == 1 && world->held_count < HELD_MAX) {
        *held = (struct held){ticket, "", wish->removed ? 0 : wish->ver};
        snprintf(held->key, sizeof(held->key), "%s", wish->key);
        world->held_count++;
        return true;
    }
    if (fate == 2) { /* the effect is there, its sessions still are, too */
        memory_set(memory, wish->key, wish->removed ? 0 : wish->ver);
        component_applied(memory->component, ticket);
        component_done(memory->component, ticket);
        return true;
    }
    return false;
}

static void
listen_to(struct world *world)
{
    struct memory *memory = lab_memory(&world->lab, "xray");

    memory->object = world;
    memory->intercept = misbehave;
}

/* -- steps --------------------------------------------------------------------------------- */

static const char *
event_of(struct world *world, struct arena *arena, unsigned key, int64_t gen)
{
    return lab_event(arena, gen, "xray", name_of(arena, key), world->keys[key].ver,
        world->keys[key].there ? "{}" : NULL);
}

static void
change_some(struct world *world)
{
    struct arena arena = {0};
    const char *events = "";
    int64_t from = world->gen;
    unsigned count = 1 + pick(world, 4);

    for (unsigned i = 0; i < count; i++) {
        unsigned key = pick(world, KEYS);
        int64_t gen = ++world->gen;

        world->keys[key].there = pick(world, 2) == 0;
        world->keys[key].ver++;
        world->keys[key].gen = gen;
        events = arena_printf(&arena, "%s%s%s", events, *events == '\0' ? "" : ",",
            event_of(world, &arena, key, gen));
    }
    lab_batch(&world->lab, from, world->gen, events);
    CHECK_INT(200, world->lab.status);
    arena_reset(&arena);
}

static void
take_snapshot(struct world *world)
{
    struct arena arena = {0};
    const char *events = "";

    for (unsigned key = 0; key < KEYS; key++) {
        if (world->keys[key].there)
            events = arena_printf(&arena, "%s%s%s", events, *events == '\0' ? "" : ",",
                event_of(world, &arena, key, 0));
    }
    lab_snapshot(&world->lab, arena_printf(&arena, "s%llx", (unsigned long long)world->random),
        world->gen, events);
    CHECK_INT(200, world->lab.status);
    arena_reset(&arena);
}

static void
repair_one(struct world *world)
{
    struct arena arena = {0};
    unsigned key = pick(world, KEYS);

    if (world->keys[key].ver > 0) {
        lab_call(&world->lab, "POST", "/v1/events",
            arena_printf(&arena,
                "{'epoch':'" EPOCH "','token':1,'from':%lld,'to':%lld,'repair':true,"
                "'events':[%s]}",
                (long long)world->gen, (long long)world->gen, event_of(world, &arena, key, 0)));
        CHECK_INT(200, world->lab.status);
    }
    arena_reset(&arena);
}

static void
say_again(struct world *world)
{
    int64_t from = world->gen - (world->gen > 3 ? 3 : 0);

    lab_batch(&world->lab, from, world->gen, ""); /* all of it superseded */
    CHECK_INT(200, world->lab.status);
}

static void
let_one_finish(struct world *world)
{
    if (world->held_count > 0)
        release(world, pick(world, (unsigned)world->held_count));
}

static void
go_away_and_come_back(struct world *world)
{
    struct component *component = agent_component(&world->lab.agent, "xray");

    component_down(component, "away");
    world->held_count = 0; /* a component forgets what it was about */
    if (pick(world, 2) == 0)
        change_some(world);
    component_up(component, "memory");
}

static void
restart_agent(struct world *world)
{
    struct works held = lab_memory(&world->lab, "xray")->held;
    struct arena arena = {0};
    struct {
        const char *key;
        int64_t ver;
    } copies[KEYS + 4];
    size_t count = 0;
    struct work *work;

    TAILQ_FOREACH(work, &held.phases[WORK_RUNNING], in_phase)
    {
        copies[count].key = arena_strdup(&arena, work->key);
        copies[count++].ver = work->ver;
    }
    world->held_count = 0;
    lab_reopen(&world->lab);
    for (size_t i = 0; i < count; i++) /* the gateway lives on */
        memory_set(lab_memory(&world->lab, "xray"), copies[i].key, copies[i].ver);
    listen_to(world);
    arena_reset(&arena);
}

static void
drift(struct world *world)
{
    struct memory *memory = lab_memory(&world->lab, "xray");
    struct arena arena = {0};

    if (!world->drifts)
        return;
    switch (pick(world, 3)) {
    case 0:
        world->held_count = 0;
        memory_restart(memory, arena_printf(&arena, "run-%u", pick(world, 1000000)));
        break;
    case 1:
        memory_set(memory, "foreign", 1);
        break;
    case 2:
        memory_set(memory, name_of(&arena, pick(world, KEYS)), 0);
        break;
    }
    component_suspect(memory->component);
    arena_reset(&arena);
}

static void (*const steps[])(struct world *world) = {change_some, change_some, change_some,
    take_snapshot, repair_one, say_again, let_one_finish, let_one_finish, go_away_and_come_back,
    restart_agent, drift};

/* -- what must hold ------------------------------------------------------------------------ */

static int
count_wrong(struct world *world, int64_t converged)
{
    struct memory *memory = lab_memory(&world->lab, "xray");
    struct arena arena = {0};
    int wrong = 0;

    for (unsigned key = 0; key < KEYS; key++) {
        const struct work *work = works_find(&memory->held, name_of(&arena, key));
        int64_t have = work == NULL ? 0 : work->ver;
        int64_t want = world->keys[key].there ? world->keys[key].ver : 0;

        wrong += world->keys[key].gen <= converged && have != want;
    }
    arena_reset(&arena);
    return wrong;
}

static bool
is_whole(struct lab *lab)
{
    const struct component *component = agent_component(&lab->agent, "xray");

    return component->verified && !component->compare_wanted && !component->sweep_wanted &&
        component->phase == PHASE_APPLY &&
        component->converged == lab->agent.state.meta.desired_gen;
}

static void
run_history(uint64_t seed)
{
    struct world world = {.random = seed * 7919 + 1, .drifts = seed % 2 == 0};
    int wrong = 0;

    lab_open(&world.lab, "xray");
    world.lab.settings.agent_apply_wait_ms = 3;
    listen_to(&world);
    take_snapshot(&world);
    for (int i = 0; i < STEPS; i++) {
        steps[pick(&world, COUNT(steps))](&world);
        lab_call(&world.lab, "GET", "/v1/state", NULL);
        if (!world.drifts)
            wrong += count_wrong(&world, lab_int(&world.lab, "converged.xray"));
    }
    world.calm = true;
    while (world.held_count > 0)
        release(&world, 0);
    if (world.drifts)
        component_suspect(agent_component(&world.lab.agent, "xray"));
    lab_until(&world.lab, is_whole);
    wrong += count_wrong(&world, INT64_MAX);
    wrong += works_find(&lab_memory(&world.lab, "xray")->held, "foreign") != NULL;
    if (wrong != 0)
        check_failed("history", "seed %llu: %d times wrong", (unsigned long long)seed, wrong);
    lab_close(&world.lab);
}

int
main(void)
{
    for (uint64_t seed = 1; seed <= RUNS; seed++)
        run_history(seed);
    return check_report("agent/model");
}
