#include "domain/connections.h"

#include "base/uuid.h"
#include "domain/issue.h"
#include "domain/reach.h"
#include "domain/revoke.h"
#include "domain/target.h"
#include "store/holding.h"
#include "store/ipam.h"
#include "store/users.h"

/* -- create -------------------------------------------------------------------------------- */

/* An actor without rank does not learn that somebody else's device exists. */
static bool
check_device_owner(const struct turn *turn, const struct holding *holding, struct err *err)
{
    if (holding->device_user_id == holding->user_id)
        return true;
    return turn->actor.telegram_id != 0 && turn->actor.role == ROLE_USER
        ? err_set(err, ERR_DEVICE_NOT_FOUND)
        : err_set(err, ERR_DEVICE_NOT_OF_USER);
}

static bool
check_device(const struct holding *holding, struct err *err)
{
    return holding->device_status == STATUS_ACTIVE || err_set(err, ERR_DEVICE_REVOKED);
}

static bool
insert(const struct turn *turn, const struct connection_new *in, const struct revision_new *first,
    struct connection *connection, struct err *err)
{
    const struct asked asked = {&turn->actor,
        targets_text_of(turn->settings, connection_protocol_names[in->protocol],
            connection_mode_names[in->mode], turn->arena)};
    struct revision *revision;

    if (!db_commit_next(turn->db) ||
        !connection_insert(turn->db, &asked, in, first, connection, err))
        return false;
    if (first == NULL)
        return true;
    revision = arena_alloc(turn->arena, sizeof(*revision));
    *revision = (struct revision){.id = first->id,
        .connection_id = connection->id,
        .status = STATUS_ACTIVE,
        .camouflage_sni_id = first->camouflage_sni_id,
        .effective_config_json = first->effective_config_json,
        .created_at = connection->created_at};
    connection->revision = revision;
    return true;
}

/* A device has one tunnel. Asked under the lock of the device, which whoever makes one takes. */
static bool
check_tunnel(const struct turn *turn, const struct holding *holding, struct err *err)
{
    struct tunnel tunnel;

    if (holding->protocol != PROTOCOL_WIREGUARD)
        return true;
    return tunnel_find(turn->db, holding->device_id, &tunnel, err) &&
        (!tunnel.connected || err_set(err, ERR_WG_EXISTS));
}

/* The holding as it will be once the connection is there. */
static void
fill(struct holding *holding, const struct connection_new *in)
{
    holding->connection_id = in->id;
    holding->protocol = in->protocol;
    holding->mode = in->mode;
    holding->variant = in->variant;
    holding->custom_overrides_json = in->custom_overrides_json;
}

static bool
create(const struct turn *turn, const struct connection_new *in, struct connection *connection,
    struct err *err)
{
    struct holding holding;
    struct draft draft = {.holding = &holding, .in = in->issue};
    struct revision_new revision = {0};

    enum hold_device how =
        in->protocol == PROTOCOL_WIREGUARD ? HOLD_DEVICE_ALONE : HOLD_DEVICE_SHARED;

    if (!device_hold(turn->db, how, in->user_id, in->device_id, &holding, err))
        return false;
    fill(&holding, in);
    return reach_owner(turn, holding.user_id, holding.user_role, ERR_USER_NOT_FOUND, err) &&
        check_device_owner(turn, &holding, err) && issue_check(turn, &draft, err) &&
        issue_permit(turn, &draft, err) && check_device(&holding, err) &&
        check_tunnel(turn, &holding, err) &&
        (in->issue == NULL || issue_write(turn, &draft, &revision, err)) &&
        insert(turn, in, in->issue == NULL ? NULL : &revision, connection, err);
}

bool
connection_create(const struct turn *turn, const struct connection_new *in,
    struct connection *connection, struct err *err)
{
    struct connection_new made = *in;
    char *id = arena_alloc(turn->arena, UUID_SIZE);

    uuid_make(id);
    made.id = id;
    return db_begin(turn->db, err) && create(turn, &made, connection, err);
}

/* -- read ---------------------------------------------------------------------------------- */

bool
connection_read(
    const struct turn *turn, const char *id, struct connection *connection, struct err *err)
{
    return connection_get(turn->db, id, connection, err) &&
        reach_owner(
            turn, connection->user_id, connection->user_role, ERR_CONNECTION_NOT_FOUND, err);
}

bool
connections_of_device(const struct turn *turn, const char *device_id,
    const struct connections_query *in, struct list *connections, struct err *err)
{
    struct owner owner;

    return device_owner(turn->db, device_id, &owner, err) &&
        reach_owner(turn, owner.user_id, owner.user_role, ERR_DEVICE_NOT_FOUND, err) &&
        connections_list(turn->db, device_id, in, connections, err);
}

/* -- patch --------------------------------------------------------------------------------- */

static bool
check_patch(const struct turn *turn, const struct holding *holding,
    const struct connection_patch *in, struct err *err)
{
    static const unsigned mutable = 1u << CONNECTION_PROFILE_NAME | 1u << CONNECTION_OVERRIDES;

    if ((in->present & ~(uint64_t) mutable) != 0)
        return err_set(err, ERR_PATCH_IMMUTABLE);
    if (field_present(in->present, CONNECTION_OVERRIDES) &&
        !issue_overrides(turn, holding, in->custom_overrides_json, err))
        return false;
    return holding->status == STATUS_ACTIVE || err_set(err, ERR_CONNECTION_REVOKED);
}

bool
connection_patch(const struct turn *turn, const char *id, const struct connection_patch *in,
    struct connection *connection, struct err *err)
{
    struct holding holding;

    return db_begin(turn->db, err) && connection_hold(turn->db, HOLD_TO_GIVE, id, &holding, err) &&
        reach_owner(turn, holding.user_id, holding.user_role, ERR_CONNECTION_NOT_FOUND, err) &&
        check_patch(turn, &holding, in, err) && db_commit_next(turn->db) &&
        connection_update(turn->db, &turn->actor, id, in, connection, err);
}

/* -- delete -------------------------------------------------------------------------------- */

static bool
end(const struct turn *turn, const struct holding *holding, struct err *err)
{
    const struct audit audit = {
        .action = "connections.delete",
        .subject = arena_printf(turn->arena, "connection:%s", holding->connection_id),
        .before = "{\"status\":\"active\"}",
        .after = "{\"status\":\"revoked\"}",
    };

    return holding->status == STATUS_REVOKED ||
        (revoke_connection(turn, holding->connection_id, err) &&
            audit_insert(turn->db, &turn->actor, &audit, err));
}

bool
connection_delete(const struct turn *turn, const char *id, struct err *err)
{
    struct holding holding;

    return db_begin(turn->db, err) && connection_hold(turn->db, HOLD_TO_TAKE, id, &holding, err) &&
        reach_owner(turn, holding.user_id, holding.user_role, ERR_CONNECTION_NOT_FOUND, err) &&
        end(turn, &holding, err) && db_commit(turn->db, err);
}
