#include "domain/admin.h"

#include <inttypes.h>

#include "domain/reach.h"
#include "domain/revoke.h"
#include "schema/write.h"
#include "store/standing.h"

/* -- records ------------------------------------------------------------------------------- */

static const struct field reset_new_fields[] = {
    F_INT(struct connections_reset_new, actor_telegram_id, F_REQUIRED, 1, INT64_MAX),
};
const struct schema connections_reset_new_schema =
    SCHEMA(struct connections_reset_new, reset_new_fields);

static const struct field reset_fields[] = {
    F_INT(struct connections_reset, revoked_connections, F_REQUIRED, 0, INT64_MAX),
};
const struct schema connections_reset_schema = SCHEMA(struct connections_reset, reset_fields);

static const struct field revoke_fields[] = {
    F_INT(struct access_revoke, actor_telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct access_revoke, target_telegram_id, F_REQUIRED, 1, INT64_MAX),
};
const struct schema access_revoke_schema = SCHEMA(struct access_revoke, revoke_fields);

static const struct field revoked_fields[] = {
    F_INT(struct access_revoked, target_telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct access_revoked, revoked_connections, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct access_revoked, revoked_devices, F_REQUIRED, 0, INT64_MAX),
};
const struct schema access_revoked_schema = SCHEMA(struct access_revoked, revoked_fields);

/* -- changes ------------------------------------------------------------------------------- */

/* And commits. */
static bool
audit(const struct turn *turn, const char *action, const char *subject, const char *after,
    struct err *err)
{
    const struct audit audit = {.action = action, .subject = subject, .after = after};

    return db_commit_next(turn->db) && audit_insert(turn->db, &turn->actor, &audit, err);
}

bool
admin_reset_connections(const struct turn *turn, struct connections_reset *reset, struct err *err)
{
    bool all = turn->actor.role == ROLE_SUPERADMIN;
    const char *ids;

    return db_begin(turn->db, err) && users_lock_connected(turn->db, all, &ids, err) &&
        revoke_connections_of(turn, ids, &reset->revoked_connections, err) &&
        audit(turn, "admin.reset_connections", "connection:all",
            write_text(&connections_reset_schema, reset, turn->arena), err);
}

bool
admin_revoke_access(const struct turn *turn, const struct access_revoke *in,
    struct access_revoked *revoked, struct err *err)
{
    int64_t id = in->target_telegram_id;
    struct user user;
    struct ended ended;

    if (!db_begin(turn->db, err) || !user_lock(turn->db, id, &user, err) ||
        !reach_below(turn, user.role, err) || !revoke_user_access(turn, id, &ended, err))
        return false;
    *revoked = (struct access_revoked){id, ended.connections, ended.devices};
    return audit(turn, "admin.revoke_user_access", arena_printf(turn->arena, "user:%" PRId64, id),
        write_text(&access_revoked_schema, revoked, turn->arena), err);
}
