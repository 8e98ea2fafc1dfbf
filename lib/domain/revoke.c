#include "domain/revoke.h"

#include <inttypes.h>

#include "domain/target.h"
#include "store/access.h"
#include "store/devices.h"

static bool
revoke(const struct turn *turn, enum connection_owner owner, const char *owner_id, int64_t *count,
    struct err *err)
{
    const struct asked asked = {&turn->actor, targets_text(turn->settings, turn->arena)};

    return connections_revoke(
        turn->db, &asked, &(struct connections_of){owner, owner_id}, count, err);
}

bool
revoke_connection(const struct turn *turn, const char *connection_id, struct err *err)
{
    return revoke(turn, OF_ITSELF, connection_id, NULL, err);
}

bool
revoke_device_connections(const struct turn *turn, const char *device_id, struct err *err)
{
    return revoke(turn, OF_DEVICE, device_id, NULL, err);
}

bool
revoke_connections_of(const struct turn *turn, const char *ids, int64_t *count, struct err *err)
{
    return revoke(turn, OF_USERS, ids, count, err);
}

bool
revoke_connections_step(const struct turn *turn, const char *ids, bool *more, struct err *err)
{
    int64_t count;

    if (!revoke(turn, OF_USERS_STEP, ids, &count, err))
        return false;
    *more = count == REVOKE_STEP;
    return true;
}

bool
revoke_access_of(const struct turn *turn, const char *ids, struct ended *ended, struct err *err)
{
    return revoke_connections_of(turn, ids, &ended->connections, err) &&
        devices_revoke_of(turn->db, ids, &ended->devices, err);
}

bool
revoke_user_access(
    const struct turn *turn, int64_t telegram_id, struct ended *ended, struct err *err)
{
    return revoke_access_of(
        turn, arena_printf(turn->arena, "{%" PRId64 "}", telegram_id), ended, err);
}
