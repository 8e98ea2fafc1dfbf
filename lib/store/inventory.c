#include "store/inventory.h"

/* -- one at a time ------------------------------------------------------------------------- */

struct claim {
    bool claimed;
};

static const struct field claim_fields[] = {F_BOOL(struct claim, claimed, F_REQUIRED)};
static const struct schema claim_schema = SCHEMA(struct claim, claim_fields);

static const struct query INVENTORY_CLAIM = {
    .name = "inventory_claim",
    .sql = "select pg_try_advisory_xact_lock(73284925) as claimed",
    .row = &claim_schema,
};

bool
inventory_claim(struct db *db, bool *claimed, struct err *err)
{
    struct claim claim;

    if (!db_one(db, &INVENTORY_CLAIM, DB_NO_ARGS, &claim, err))
        return false;
    *claimed = claim.claimed;
    return true;
}

/* -- counts -------------------------------------------------------------------------------- */

static const struct field count_fields[] = {
    F_TEXT(struct inventory_count, family, F_REQUIRED, 1, 64),
    F_TEXT(struct inventory_count, a, F_NULLABLE, 0, 64),
    F_TEXT(struct inventory_count, b, F_NULLABLE, 0, 64),
    F_TEXT(struct inventory_count, c, F_NULLABLE, 0, 64),
    F_INT(struct inventory_count, count, F_REQUIRED, INT64_MIN, INT64_MAX),
};
static const struct schema count_schema = SCHEMA(struct inventory_count, count_fields);

/* An address is free when no lease holds it; a pool's network, broadcast and gateway never are. */
#define POOLS                                                                                      \
    "select greatest(0, (1::bigint << (32 - masklen(as_ipv4(cidr)))) - 3) as size"                 \
    " from ipam_pool where as_ipv4(cidr) is not null"
#define HELD                                                                                       \
    "select 'active' as state from ipam_lease where status = 'active' union all"                   \
    " select 'quarantined' from ipam_lease where status = 'quarantined' and quarantined_until > "  \
    "now()"

static const struct query INVENTORY_COUNTS = {
    .name = "inventory_counts",
    .sql =
        "select 'users' as family, role::text as a, entitlement_status::text as b, null as c,"
        " count(*) as count from tg_user group by role, entitlement_status"
        " union all select 'users_blocked', null, null, null, count(*) from tg_user"
        " where bot_blocked_until > now()"
        " union all select 'devices', status::text, null, null, count(*) from device group by status"
        " union all select 'connections', protocol::text, variant::text, status::text, count(*)"
        " from connection group by protocol, variant, status"
        " union all select 'tokens', status::text, null, null, count(*) from api_token"
        " group by status"
        " union all select 'nodes', role::text, active::text, null, count(*) from node_endpoint"
        " group by role, active"
        " union all select 'grafana_sessions', scope, null, null, count(*) from grafana_session"
        " where revoked_at is null and expires_at > now() group by scope"
        " union all select 'ipam_addresses', 'free', null, null,"
        " greatest(0, (select coalesce(sum(size), 0)::bigint from (" POOLS ") p)"
        " - (select count(*) from (" HELD ") h))"
        " union all select 'ipam_addresses', s.state, null, null, count(h.state)"
        " from (values ('active'), ('quarantined')) s (state) left join (" HELD
        ") h on h.state = s.state group by s.state"
        " union all select 'maintenance_last_success_seconds', name, null, null,"
        " extract(epoch from finished_at)::bigint from maintenance_run",
    .row = &count_schema,
};

bool
inventory_counts(struct db *db, struct list *counts, struct err *err)
{
    return db_all(db, &INVENTORY_COUNTS, DB_NO_ARGS, counts, err);
}

/* -- credentials --------------------------------------------------------------------------- */

static const struct field credential_fields[] = {
    F_INT(struct inventory_credential, telegram_id, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct inventory_credential, role, F_REQUIRED, 1, 64),
    F_UUID(struct inventory_credential, device_id, F_REQUIRED),
    F_UUID(struct inventory_credential, connection_id, F_REQUIRED),
    F_UUID(struct inventory_credential, revision_id, F_REQUIRED),
    F_TEXT(struct inventory_credential, protocol, F_REQUIRED, 1, 64),
    F_TEXT(struct inventory_credential, mode, F_REQUIRED, 1, 64),
    F_TEXT(struct inventory_credential, variant, F_REQUIRED, 1, 64),
    F_INT(struct inventory_credential, slot, F_REQUIRED, INT64_MIN, INT64_MAX),
};
static const struct schema credential_schema =
    SCHEMA(struct inventory_credential, credential_fields);

static const struct query INVENTORY_CREDENTIALS = {
    .name = "inventory_credentials",
    .sql = "select u.telegram_id, u.role, c.device_id, c.id as connection_id, r.id as revision_id,"
           " c.protocol, c.mode, c.variant, r.slot from connection_revision r"
           " join connection c on c.id = r.connection_id and c.status = 'active'"
           " join tg_user u on u.telegram_id = c.user_id where r.status = 'active'"
           " order by u.telegram_id, c.id, r.slot limit $1",
    .row = &credential_schema,
};

bool
inventory_credentials(struct db *db, struct list *credentials, struct err *err)
{
    return db_all(db, &INVENTORY_CREDENTIALS, DB_ARGS(arg_int(CREDENTIALS_MAX)), credentials, err);
}
