#include "agent/work.h"

#include <assert.h>
#include <string.h>

#include "base/str.h"

/* FNV-1a; the keys are random already. */
static size_t
bucket_of(const char *key)
{
    uint64_t hash = 14695981039346656037u;

    for (; *key != '\0'; key++)
        hash = (hash ^ (unsigned char)*key) * 1099511628211u;
    return (size_t)(hash % WORK_BUCKETS);
}

void
works_init(struct works *works)
{
    *works = (struct works){0};
    for (size_t i = 0; i < WORK_PHASES; i++)
        TAILQ_INIT(&works->phases[i]);
}

void
works_clear(struct works *works)
{
    arena_reset(&works->arena);
    works_init(works);
}

static void
join(struct works *works, struct work *work, ticket_t ticket, enum work_phase phase)
{
    work->ticket = ticket;
    work->phase = phase;
    LIST_INSERT_HEAD(&works->by_ticket[ticket % WORK_BUCKETS], work, by_ticket);
    TAILQ_INSERT_TAIL(&works->phases[phase], work, in_phase);
    works->counts[phase]++;
}

static void
leave(struct works *works, struct work *work)
{
    LIST_REMOVE(work, by_ticket);
    TAILQ_REMOVE(&works->phases[work->phase], work, in_phase);
    works->counts[work->phase]--;
}

struct work *
works_add(struct works *works, const char *key, ticket_t ticket)
{
    struct work *work = LIST_FIRST(&works->unused);

    assert(strlen(key) <= KEY_MAX);
    if (work != NULL)
        LIST_REMOVE(work, by_key);
    else
        work = arena_alloc(&works->arena, sizeof(*work));
    *work = (struct work){0};
    memcpy(work->key, key, strlen(key) + 1);
    LIST_INSERT_HEAD(&works->by_key[bucket_of(key)], work, by_key);
    join(works, work, ticket, WORK_RUNNING);
    return work;
}

struct work *
works_find(struct works *works, const char *key)
{
    struct work *work;

    LIST_FOREACH(work, &works->by_key[bucket_of(key)], by_key)
    {
        if (str_eq(work->key, key))
            return work;
    }
    return NULL;
}

struct work *
works_ticket(struct works *works, ticket_t ticket)
{
    struct work *work;

    LIST_FOREACH(work, &works->by_ticket[ticket % WORK_BUCKETS], by_ticket)
    {
        if (work->ticket == ticket)
            return work;
    }
    return NULL;
}

void
works_move(struct works *works, struct work *work, enum work_phase phase)
{
    leave(works, work);
    join(works, work, work->ticket, phase);
}

void
works_resume(struct works *works, struct work *work, ticket_t ticket)
{
    leave(works, work);
    work->changed = false;
    join(works, work, ticket, WORK_RUNNING);
}

void
works_drop(struct works *works, struct work *work)
{
    leave(works, work);
    LIST_REMOVE(work, by_key);
    LIST_INSERT_HEAD(&works->unused, work, by_key);
}
