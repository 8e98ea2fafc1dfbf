#include "domain/orders.h"

#include "store/nodes.h"

bool
node_order(const struct turn *turn, const char *id, enum node_order order,
    struct node_status *status, struct err *err)
{
    static const char *const actions[] = {
        [NODE_RESYNC] = "dispatch.resync",
        [NODE_PAUSE] = "dispatch.pause",
        [NODE_RESUME] = "dispatch.resume",
    };
    const struct audit audit = {
        .action = actions[order],
        .subject = arena_printf(turn->arena, "node:%s", id),
    };
    struct node node;

    return db_begin(turn->db, err) && node_lock(turn->db, id, &node, err) &&
        node_obey(turn->db, id, order, err) && audit_insert(turn->db, &turn->actor, &audit, err) &&
        node_status(turn->db, id, status, err) && db_commit(turn->db, err);
}
