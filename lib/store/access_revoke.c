#include "store/access.h"
#include "store/peers.h"

/* Of the active connections c that are in `scope`. Devices whose peers go are locked before the
 * connections, and these by id: as everywhere. */
#define REVOKE(scope)                                                                              \
    "with " OUTBOX_ASKED ","                                                                       \
    " tunnels as materialized (select d.id from connection c join device d on d.id = c.device_id"  \
    " where c.status = 'active' and c.protocol = 'wireguard' and " scope                           \
    " order by d.id for no key update of d),"                                                      \
    " held as materialized (select c.id from connection c"                                         \
    " where (select count(*) from tunnels) >= 0 and c.status = 'active' and " scope                \
    " order by c.id for update),"                                                                  \
    " gone as (update connection c set status = 'revoked', ver = c.ver + 1 from held h"            \
    " where c.id = h.id returning c.id, c.device_id, c.protocol, c.mode, c.ver),"                  \
    " ended as (update connection_revision r set status = 'revoked',"                              \
    " revoked_at = clock_timestamp() from gone g"                                                  \
    " where r.connection_id = g.id and r.status = 'active'),"                                      \
    " leaving as (select device_id from gone where protocol = 'wireguard'),"                       \
    " " PEERS_DROPPED ","                                                                          \
    " versioned as (update device d set wg_ver = d.wg_ver + 1 from leaving v"                      \
    " where d.id = v.device_id returning d.id, d.wg_ver),"                                         \
    " changed (id, protocol, mode, ver, gone, revokes) as"                                         \
    " (select coalesce('wg:' || v.id, g.id::text), g.protocol, g.mode, coalesce(v.wg_ver, g.ver)," \
    " true, true from gone g left join versioned v"                                                \
    " on v.id = g.device_id and g.protocol = 'wireguard'),"                                        \
    " " OUTBOX_LOGGED " select count(*) from gone"

struct count {
    int64_t count;
};

static const struct field count_fields[] = {
    F_INT(struct count, count, F_REQUIRED, 0, INT64_MAX),
};
static const struct schema count_schema = SCHEMA(struct count, count_fields);

static const struct query CONNECTIONS_REVOKE[] = {
    [OF_ITSELF] = {.name = "connection_revoke",
        .sql = REVOKE("c.id = $5::uuid"),
        .row = &count_schema},
    [OF_DEVICE] = {.name = "device_connections_revoke",
        .sql = REVOKE("c.device_id = $5::uuid"),
        .row = &count_schema},
    [OF_USERS] = {.name = "users_connections_revoke",
        .sql = REVOKE("c.user_id = any ($5::bigint[])"),
        .row = &count_schema},
    [OF_USERS_STEP] = {.name = "users_connections_revoke_step",
        .sql = REVOKE("c.id in (select o.id from connection o where o.status = 'active'"
                      " and o.user_id = any ($5::bigint[]) order by o.id limit 1000)"),
        .row = &count_schema},
};

bool
connections_revoke(struct db *db, const struct asked *asked, const struct connections_of *of,
    int64_t *count, struct err *err)
{
    struct count revoked;

    if (!db_one(db, &CONNECTIONS_REVOKE[of->owner],
            DB_ARGS(arg_text(asked->actor->request_id), arg_text(asked->actor->token_name),
                arg_actor(asked->actor), arg_text(asked->targets), arg_text(of->id)),
            &revoked, err))
        return false;
    if (count != NULL)
        *count = revoked.count;
    return true;
}
