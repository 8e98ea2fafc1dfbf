#include "domain/devices.h"

#include <inttypes.h>

#include "base/uuid.h"
#include "domain/reach.h"
#include "domain/revoke.h"
#include "store/users.h"

/* -- reading ------------------------------------------------------------------------------- */

bool
devices_of_user(const struct turn *turn, int64_t user_id, const struct devices_query *in,
    struct list *devices, struct err *err)
{
    struct user user;

    return user_get(turn->db, user_id, &user, err) &&
        reach_owner(turn, user_id, user.role, ERR_USER_NOT_FOUND, err) &&
        devices_list(turn->db, user_id, in, devices, err);
}

static bool
reach_device(const struct turn *turn, const struct device *device, struct err *err)
{
    return reach_owner(turn, device->user_id, device->user_role, ERR_DEVICE_NOT_FOUND, err);
}

bool
device_read(const struct turn *turn, const char *id, struct device *device, struct err *err)
{
    return device_get(turn->db, id, device, err) && reach_device(turn, device, err);
}

/* -- creating ------------------------------------------------------------------------------ */

static bool
check_permit(const struct user *user, struct err *err)
{
    static const enum err_code refusals[] = {
        [STANDING_GRACE] = ERR_ENTITLEMENT_GRACE, [STANDING_BLOCKED] = ERR_ENTITLEMENT_BLOCKED};

    if (user->bot_blocked_until > user->locked_at)
        return err_set(err, ERR_USER_BLOCKED);
    return user->entitlement_status == STANDING_ACTIVE ||
        err_say(err, refusals[user->entitlement_status],
            "Cannot issue new device in grace/blocked state");
}

/* And commits. */
static bool
insert(const struct turn *turn, const struct device_new *in, const struct user *user,
    struct device *device, struct err *err)
{
    if (db_commit_next(turn->db) &&
        device_insert(turn->db, &turn->actor, in, user->devices_max, device, err))
        return true;
    if (err->code == ERR_DEVICE_LIMIT)
        err_fill_text(
            err, ERR_DEVICE_LIMIT, "Device limit reached (%" PRId64 ")", user->devices_max);
    return false;
}

bool
device_create(
    const struct turn *turn, const struct device_new *in, struct device *device, struct err *err)
{
    struct device_new made = *in;
    char *id = arena_alloc(turn->arena, UUID_SIZE);
    struct user user;

    uuid_make(id);
    made.id = id;
    return db_begin(turn->db, err) && user_lock(turn->db, in->user_id, &user, err) &&
        reach_owner(turn, user.telegram_id, user.role, ERR_USER_NOT_FOUND, err) &&
        check_permit(&user, err) && insert(turn, &made, &user, device, err);
}

/* -- changing ------------------------------------------------------------------------------ */

static bool
audit(
    const struct turn *turn, const char *id, const char *action, const char *after, struct err *err)
{
    const struct audit audit = {
        .action = action,
        .subject = arena_printf(turn->arena, "device:%s", id),
        .after = after,
    };

    return audit_insert(turn->db, &turn->actor, &audit, err);
}

/* The log says that it happened, not the name. */
bool
device_set_name(const struct turn *turn, const char *id, const struct device_patch *in,
    struct device *device, struct err *err)
{
    return db_begin(turn->db, err) && device_lock(turn->db, id, device, err) &&
        reach_device(turn, device, err) &&
        (device->status == STATUS_ACTIVE || err_set(err, ERR_DEVICE_REVOKED)) &&
        device_rename(turn->db, id, in, device, err) &&
        audit(turn, id, "devices.rename", NULL, err) && db_commit(turn->db, err);
}

static bool
end(const struct turn *turn, const struct device *device, struct err *err)
{
    return device->status == STATUS_REVOKED ||
        (device_revoke(turn->db, device->id, err) &&
            revoke_device_connections(turn, device->id, err) &&
            audit(turn, device->id, "devices.delete", "{\"status\":\"revoked\"}", err));
}

/* What is not there, or out of reach, is as good as deleted. */
static bool
end_if_there(const struct turn *turn, const char *id, struct err *err)
{
    struct device device;

    if (device_lock(turn->db, id, &device, err) && reach_device(turn, &device, err))
        return end(turn, &device, err);
    return err->code == ERR_DEVICE_NOT_FOUND;
}

bool
device_delete(const struct turn *turn, const char *id, struct err *err)
{
    return db_begin(turn->db, err) && end_if_there(turn, id, err) && db_commit(turn->db, err);
}
