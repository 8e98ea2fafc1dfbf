#include "agent/memory.h"

#include "base/str.h"

struct memory *
memory_of(const struct component *component)
{
    return component_self(component);
}

bool
memory_has(struct memory *memory, const char *key, int64_t ver)
{
    const struct work *held = works_find(&memory->held, key);

    return held != NULL && held->ver == ver;
}

void
memory_set(struct memory *memory, const char *key, int64_t ver)
{
    struct work *held = works_find(&memory->held, key);

    if (ver == 0) {
        if (held != NULL)
            works_drop(&memory->held, held);
        return;
    }
    if (held == NULL)
        held = works_add(&memory->held, key, 0);
    held->ver = ver;
}

void
memory_restart(struct memory *memory, const char *boot)
{
    works_clear(&memory->held);
    component_up(memory->component, boot);
}

static bool
memory_open(struct component *component, struct err *err)
{
    static const struct memory zero;
    struct arena arena = {0};
    struct memory *memory = arena_alloc(&arena, sizeof(*memory));

    (void)err;
    *memory = zero;
    works_init(&memory->held);
    memory->arena = arena;
    memory->component = component;
    component_set_self(component, memory);
    component_up(component, "memory");
    return true;
}

static void
memory_close(struct component *component)
{
    struct memory *memory = memory_of(component);

    if (memory == NULL)
        return;
    works_clear(&memory->held);
    component_set_self(component, NULL);
    struct arena arena = memory->arena; /* it lives in there itself */
    arena_reset(&arena);
}

static void
compare_wish(void *object, const struct wish *wish)
{
    struct memory *memory = object;

    if (wish->rejected)
        return;
    if (memory_has(memory, wish->key, wish->ver))
        component_same(memory->component, wish->key, wish->ver);
    else
        component_differs(memory->component, wish->key);
}

void
memory_end_compare(struct memory *memory)
{
    if (component_each(memory->component, compare_wish, memory))
        component_compared(memory->component);
    else
        component_down(memory->component, "the state cannot be read");
}

static void
memory_compare(struct component *component)
{
    struct memory *memory = memory_of(component);

    memory->compared++;
    if (!memory->slow)
        memory_end_compare(memory);
}

static void
memory_apply(struct component *component, const struct wish *wish, ticket_t ticket)
{
    struct memory *memory = memory_of(component);

    memory->applied++;
    if (memory->intercept != NULL && memory->intercept(memory, wish, ticket))
        return;
    memory_set(memory, wish->key, wish->removed ? 0 : wish->ver);
    component_done(component, ticket);
}

static void
memory_sweep(struct component *component)
{
    struct memory *memory = memory_of(component);
    struct arena arena = {0};
    struct work *held, *next;
    int64_t removed = 0;

    memory->swept++;
    for (held = TAILQ_FIRST(&memory->held.phases[WORK_RUNNING]); held != NULL; held = next) {
        struct wish wish;

        next = TAILQ_NEXT(held, in_phase);
        if (component_find(component, held->key, &arena, &wish) && !wish.removed)
            continue;
        works_drop(&memory->held, held);
        removed++;
    }
    arena_reset(&arena);
    component_swept(component, removed);
}

static const struct component_type types[] = {
    {"xray", 64, memory_open, memory_compare, memory_apply, memory_sweep, memory_close},
    {"hysteria", 64, memory_open, memory_compare, memory_apply, memory_sweep, memory_close},
    {"wireguard", 64, memory_open, memory_compare, memory_apply, memory_sweep, memory_close},
    {"bundle", 1, memory_open, memory_compare, memory_apply, memory_sweep, memory_close},
};

const struct component_type *
memory_type(const char *name)
{
    for (size_t i = 0; i < COUNT(types); i++) {
        if (str_eq(types[i].name, name))
            return &types[i];
    }
    return NULL;
}
