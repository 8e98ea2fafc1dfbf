#include "domain/bundles.h"

#include <string.h>
#include <unistd.h>

#include "domain/bundle_files.h"
#include "store/nodes.h"

static const struct field reapply_fields[] = {
    [REAPPLY_ROLE] = F_ENUM(struct reapply, role, F_OPTIONAL, node_role_names),
};
const struct schema reapply_schema = SCHEMA_PATCH(struct reapply, reapply_fields, NULL);

static const char *const bundle_names[] = {
    [NODE_VPS_T] = "base-vps-t", [NODE_VPS_E] = "base-vps-e"};

static const char *
folder_of(const struct turn *turn, size_t role)
{
    return arena_printf(turn->arena, "%s/%s", turn->settings->bundle_root, bundle_names[role]);
}

static bool
audit(const struct turn *turn, const struct bundle *bundle, struct err *err)
{
    const struct audit audit = {
        .action = "dispatch.reapply_base",
        .subject = arena_printf(turn->arena, "bundle:%s", bundle->name),
    };

    return audit_insert(turn->db, &turn->actor, &audit, err);
}

/* One role's bundle: read, kept, and told; its event is put at `event`. */
static bool
reapply_one(const struct turn *turn, size_t role, struct event *event, struct err *err)
{
    struct bundle bundle = {.name = bundle_names[role], .role = node_role_names[role]};
    struct list events;

    if (!bundle_read(folder_of(turn, role), turn->arena, &bundle, err) ||
        !bundle_put(turn->db, &bundle, err))
        return false;
    const struct change change = {
        "APPLY_BUNDLE", "bundle", bundle.name, bundle.ver, false, bundle.role};
    if (!outbox_insert(turn->db, &turn->actor, &change, &events, err) || !audit(turn, &bundle, err))
        return false;
    memcpy(event, events.at, sizeof(*event));
    return true;
}

/* A role without nodes of its own needs no bundle, unless it is asked for. */
static bool
is_wanted(const struct turn *turn, const struct reapply *in, size_t role)
{
    if (field_present(in->present, REAPPLY_ROLE))
        return (size_t)in->role == role;
    return access(folder_of(turn, role), F_OK) == 0;
}

bool
bundles_reapply(
    const struct turn *turn, const struct reapply *in, struct list *events, struct err *err)
{
    struct event *made = arena_alloc(turn->arena, COUNT(bundle_names) * sizeof(*made));
    size_t count = 0;

    if (!db_begin(turn->db, err))
        return false;
    for (size_t role = 0; role < COUNT(bundle_names); role++) {
        if (!is_wanted(turn, in, role))
            continue;
        if (!reapply_one(turn, role, &made[count], err))
            return false;
        count++;
    }
    if (count == 0)
        return err_say(err, ERR_BUNDLE, "BUNDLE_ROOT has no bundle");
    *events = (struct list){made, count};
    return db_commit(turn->db, err);
}
