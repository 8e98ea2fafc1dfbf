#include "domain/delivery.h"

#include "base/str.h"
#include "domain/connections.h"
#include "domain/reach.h"
#include "domain/target.h"
#include "store/delivery.h"
#include "store/holding.h"

static const char *const state_names[] = {[DELIVERY_READY] = "ready",
    [DELIVERY_REVOKED] = "revoked",
    [DELIVERY_APPLYING] = "applying",
    [DELIVERY_WAITING] = "waiting",
    [DELIVERY_FAILED] = "failed",
    NULL};

static const struct field node_fields[] = {
    F_TEXT(struct delivery_node, role, F_REQUIRED, 1, 16),
    F_ENUM(struct delivery_node, state, F_REQUIRED, state_names),
};

static const struct schema node_schema = SCHEMA(struct delivery_node, node_fields);
static const struct field node_item = {.type = FIELD_OBJECT, .record = &node_schema};

static const struct field delivery_fields[] = {
    F_UUID(struct delivery, connection_id, F_REQUIRED),
    F_ENUM(struct delivery, state, F_REQUIRED, state_names),
    F_TIME(struct delivery, since, F_REQUIRED),
    F_LIST(struct delivery, nodes, F_REQUIRED, &node_item, 0),
};

const struct schema delivery_schema = SCHEMA(struct delivery, delivery_fields);

static int /* enum delivery_state */
state_of(const struct progress *progress)
{
    if (progress->dead > 0)
        return DELIVERY_FAILED;
    if (!progress->numbered || progress->seen == 0)
        return DELIVERY_WAITING;
    if (progress->passed < progress->nodes)
        return DELIVERY_APPLYING;
    return progress->status == STATUS_REVOKED ? DELIVERY_REVOKED : DELIVERY_READY;
}

/* Adds one role to a connection's delivery. */
static void
add(struct delivery *delivery, const struct progress *progress, struct arena *arena)
{
    struct delivery_node *node = arena_alloc(arena, sizeof(*node));
    const struct delivery_node **nodes =
        arena_alloc(arena, (delivery->nodes.count + 1) * sizeof(const struct delivery_node *));
    const struct delivery_node *const *old = delivery->nodes.at;

    *node = (struct delivery_node){progress->role, (int)state_of(progress)};
    for (size_t i = 0; i < delivery->nodes.count; i++)
        nodes[i] = old[i];
    nodes[delivery->nodes.count] = node;
    if (delivery->nodes.count == 0 || node->state > delivery->state) {
        delivery->state = node->state;
        delivery->since = progress->since;
    }
    delivery->connection_id = progress->connection_id;
    delivery->nodes = (struct list){nodes, delivery->nodes.count + 1};
}

/* The rows of a connection stand together. */
static struct list
group(const struct list *rows, struct arena *arena)
{
    struct delivery *deliveries = arena_alloc(arena, (rows->count + 1) * sizeof(*deliveries));
    const struct progress *row = rows->at;
    size_t count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        if (i == 0 || !str_eq(row[i].connection_id, row[i - 1].connection_id))
            count++;
        add(&deliveries[count - 1], &row[i], arena);
    }
    return (struct list){deliveries, count};
}

bool
delivery_of_connection(
    const struct turn *turn, const char *connection_id, struct delivery *delivery, struct err *err)
{
    struct connection connection;
    struct list rows;

    if (!connection_read(turn, connection_id, &connection, err) ||
        !progress_of_connection(
            turn->db, connection_id, targets_text(turn->settings, turn->arena), &rows, err))
        return false;
    struct list deliveries = group(&rows, turn->arena);
    if (deliveries.count == 0) /* every combination that can be had has a role */
        return err_say(err, ERR_INTERNAL, "no role has an inbound for %s", connection_id);
    *delivery = *(const struct delivery *)deliveries.at;
    return true;
}

bool
deliveries_of_device(
    const struct turn *turn, const char *device_id, struct list *deliveries, struct err *err)
{
    struct owner owner;
    struct list rows;

    if (!device_owner(turn->db, device_id, &owner, err) ||
        !reach_owner(turn, owner.user_id, owner.user_role, ERR_DEVICE_NOT_FOUND, err) ||
        !progress_of_device(
            turn->db, device_id, targets_text(turn->settings, turn->arena), &rows, err))
        return false;
    *deliveries = group(&rows, turn->arena);
    return true;
}
