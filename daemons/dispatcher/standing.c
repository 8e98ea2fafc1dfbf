#include "dispatcher/standing.h"

#include <string.h>

enum {
    NODES_SHOWN = 64 /* in histograms */
};

/* -- reading ------------------------------------------------------------------------------- */

static void
keep_rows(struct standing *standing, const struct list *rows)
{
    const struct node_standing *all = rows->at;

    standing->nodes = arena_alloc(&standing->arena, rows->count * sizeof(*standing->nodes));
    standing->count = rows->count;
    for (size_t i = 0; i < rows->count; i++) {
        struct standing_node *node = &standing->nodes[i];
        const struct converged *converged = answer_read(
            &converged_schema, all[i].converged, strlen(all[i].converged), &standing->arena);

        node->row = &all[i];
        node->acked_gen = all[i].acked_gen;
        if (converged != NULL)
            node->converged = *converged;
    }
}

/* A node that is gone, or rests, is forgotten, with what was learned of it. */
static void
prune(struct dispatcher *dispatcher)
{
    for (struct node *node = dispatcher->nodes; node != NULL; node = node->next) {
        bool known = node->held;

        for (size_t i = 0; i < dispatcher->standing->count && !known; i++)
            known = str_eq(dispatcher->standing->nodes[i].row->node_id, node->id);
        if (!known) {
            node_free(node);
            return; /* the next one next time */
        }
    }
}

/* The rows live until the next reading. */
bool
standing_read(struct dispatcher *dispatcher, struct err *err)
{
    struct standing *standing = dispatcher->standing;
    struct arena *turn = dispatcher->db.arena;
    struct arena arena = {0};
    struct list rows;

    db_turn(&dispatcher->db, &arena);
    bool read = nodes_standing(&dispatcher->db, &rows, err);
    db_turn(&dispatcher->db, turn);
    if (!read) {
        arena_reset(&arena);
        return false;
    }
    arena_reset(&standing->arena);
    standing->arena = arena;
    standing->read_at = time_monotonic();
    keep_rows(standing, &rows);
    prune(dispatcher);
    standing_update(dispatcher);
    return true;
}

void
standing_update(struct dispatcher *dispatcher)
{
    struct standing *standing = dispatcher->standing;

    for (size_t i = 0; i < standing->count; i++) {
        const struct node *node = node_find(dispatcher, standing->nodes[i].row->node_id);

        if (node == NULL || !node->held)
            continue;
        standing->nodes[i].acked_gen = node->acked_gen;
        standing->nodes[i].converged = node->converged;
    }
}

static bool
read_waiting(struct dispatcher *dispatcher, struct err *err)
{
    for (size_t i = 0; i < dispatcher->stream_count; i++) {
        const struct stream_view *stream = &dispatcher->streams[i];
        int64_t count;

        if (!stream_waiting(&dispatcher->db, stream->stream_id, &count, err))
            return false;
        meters_waiting(&dispatcher->meters, stream->role, count);
    }
    return true;
}

bool
measure_nodes(void *state, struct arena *arena, struct err *err)
{
    struct dispatcher *dispatcher = state;

    dispatcher_turn(dispatcher, arena);
    if (!standing_read(dispatcher, err) || !read_waiting(dispatcher, err))
        return false;
    dispatcher->meters.many_nodes = dispatcher->standing->count > NODES_SHOWN;
    return true;
}

/* -- asking -------------------------------------------------------------------------------- */

/* A component that the node does not run is passed with the batch: the agent has refused it. */
static int64_t
reached(const struct standing_node *node, size_t component)
{
    const struct opt_int *gen = &node->converged.of[component];

    return gen->set ? gen->value : node->acked_gen;
}

bool
standing_passed(const struct standing *standing, int64_t stream_id, size_t component, int64_t gen)
{
    for (size_t i = 0; i < standing->count; i++) {
        const struct standing_node *node = &standing->nodes[i];

        if (node->row->stream_id == stream_id && reached(node, component) < gen)
            return false;
    }
    return true;
}

int64_t
standing_floor(const struct standing *standing, int64_t stream_id, int64_t gen)
{
    int64_t floor = gen;

    for (size_t i = 0; i < standing->count; i++) {
        const struct standing_node *node = &standing->nodes[i];

        for (size_t c = 0; c < COMPONENTS && node->row->stream_id == stream_id; c++)
            floor = reached(node, c) < floor ? reached(node, c) : floor;
    }
    return floor;
}
