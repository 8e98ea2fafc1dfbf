#include "domain/grace.h"

#include "base/str.h"
#include "domain/revoke.h"
#include "store/access.h"
#include "store/devices.h"
#include "store/standing.h"

static bool
settle(const struct turn *turn, const char *ids, struct err *err)
{
    int64_t devices;

    return devices_revoke_of(turn->db, ids, &devices, err) && db_commit_next(turn->db) &&
        users_end_grace(turn->db, &turn->actor, ids, err);
}

/* Part of what they have is gone; the rest, and they, have their turn when it is. */
static bool
settle_step(const struct turn *turn, struct err *err)
{
    const struct audit audit = {
        .action = "users.end_grace",
        .subject = "connection:overdue",
        .after = arena_printf(turn->arena, "{\"revoked_connections\": %d}", REVOKE_STEP),
    };

    return db_commit_next(turn->db) && audit_insert(turn->db, &turn->actor, &audit, err);
}

bool
grace_end(const struct turn *turn, bool *more, struct err *err)
{
    const char *ids;
    bool connected;

    if (!db_begin(turn->db, err) || !users_lock_overdue(turn->db, &ids, err))
        return false;
    *more = !str_eq(ids, "{}");
    if (!*more)
        return db_commit(turn->db, err);
    if (!revoke_connections_step(turn, ids, &connected, err))
        return false;
    return connected ? settle_step(turn, err) : settle(turn, ids, err);
}
