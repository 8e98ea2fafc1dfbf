#include "domain/nodes.h"

#include "base/uuid.h"
#include "domain/changed.h"
#include "store/letters.h"

/* -- the log ------------------------------------------------------------------------------- */

/* `before` is NULL for a node that is new, `after` for one that is no more. */
static bool
audit(const struct turn *turn, const char *action, const struct node *before,
    const struct node *after, struct err *err)
{
    struct audit audit = {
        .action = action,
        .subject = arena_printf(turn->arena, "node:%s", after != NULL ? after->id : before->id),
    };

    changed_members(&node_audit_schema, before, after, turn->arena, &audit);
    return audit_insert(turn->db, &turn->actor, &audit, err);
}

/* -- changes ------------------------------------------------------------------------------- */

bool
node_register(
    const struct turn *turn, const struct node_new *in, struct node *node, struct err *err)
{
    struct node_new made = *in;
    char *id = arena_alloc(turn->arena, UUID_SIZE);
    struct list known;

    uuid_make(id);
    made.id = id;
    return db_begin(turn->db, err) && nodes_lock_name(turn->db, in->name, &known, err) &&
        node_put(turn->db, &made, node, err) &&
        audit(turn, node->created ? "nodes.create" : "nodes.update",
            known.count == 0 ? NULL : known.at, node, err) &&
        db_commit(turn->db, err);
}

bool
node_change(const struct turn *turn, const char *id, const struct node_patch *in, struct node *node,
    struct err *err)
{
    struct node before;

    return db_begin(turn->db, err) && node_lock(turn->db, id, &before, err) &&
        node_update(turn->db, id, in, node, err) &&
        audit(turn, "nodes.update", &before, node, err) && db_commit(turn->db, err);
}

bool
node_remove(const struct turn *turn, const char *id, struct err *err)
{
    const struct letter_end end = {"the node was deleted", turn->actor.token_name};
    struct node node;

    return db_begin(turn->db, err) && node_lock(turn->db, id, &node, err) &&
        (!node.active || err_set(err, ERR_NODE_ACTIVE)) && node_delete(turn->db, id, err) &&
        letters_discard_of_node(turn->db, id, &end, err) &&
        audit(turn, "nodes.delete", &node, NULL, err) && db_commit(turn->db, err);
}
