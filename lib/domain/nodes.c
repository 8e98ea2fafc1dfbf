#include "domain/nodes.h"

#include "base/uuid.h"
#include "schema/write.h"

static bool
audit(const struct turn *turn, const char *action, const struct node *node, const char *before,
    const char *after, struct err *err)
{
    const struct audit audit = {
        .action = action,
        .subject = arena_printf(turn->arena, "node:%s", node->id),
        .before = before,
        .after = after,
    };

    return audit_insert(turn->db, &turn->actor, &audit, err);
}

static const char *
text(const struct turn *turn, const struct node *node)
{
    return write_text(&node_schema, node, turn->arena);
}

bool
node_register(
    const struct turn *turn, const struct node_new *in, struct node *node, struct err *err)
{
    struct node_new made = *in;
    char *id = arena_alloc(turn->arena, UUID_SIZE);

    uuid_make(id);
    made.id = id;
    return db_begin(turn->db, err) && node_put(turn->db, &made, node, err) &&
        audit(turn, node->created ? "nodes.create" : "nodes.update", node, NULL, text(turn, node),
            err) &&
        db_commit(turn->db, err);
}

bool
node_change(const struct turn *turn, const char *id, const struct node_patch *in, struct node *node,
    struct err *err)
{
    struct node before;

    return db_begin(turn->db, err) && node_lock(turn->db, id, &before, err) &&
        node_update(turn->db, id, in, node, err) &&
        audit(turn, "nodes.update", node, text(turn, &before), text(turn, node), err) &&
        db_commit(turn->db, err);
}

bool
node_remove(const struct turn *turn, const char *id, struct err *err)
{
    struct node node;

    return db_begin(turn->db, err) && node_lock(turn->db, id, &node, err) &&
        (!node.active || err_set(err, ERR_NODE_ACTIVE)) && node_delete(turn->db, id, err) &&
        audit(turn, "nodes.delete", &node, text(turn, &node), NULL, err) &&
        db_commit(turn->db, err);
}
