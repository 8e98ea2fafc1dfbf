#include "store/ipam.h"

/* clang-format off */
#define TUNNEL_FIELDS                                                                              \
    F_BOOL(struct tunnel, connected, F_REQUIRED),                                                  \
    F_UUID(struct tunnel, lease_id, F_NULLABLE),                                                   \
    F_TEXT(struct tunnel, ip, F_NULLABLE, 1, 64)
/* clang-format on */

static const struct field tunnel_fields[] = {TUNNEL_FIELDS};
static const struct field look_fields[] = {TUNNEL_FIELDS, F_BOOL(struct tunnel, left, F_REQUIRED)};

static const struct schema tunnel_schema = SCHEMA(struct tunnel, tunnel_fields);
static const struct schema look_schema = SCHEMA(struct tunnel, look_fields);

/* -- finding ------------------------------------------------------------------------------- */

/* An adopted peer may hold a lease that is in another's name; one that cannot be read gives it no
 * address. */
#define TUNNEL_COLUMNS                                                                             \
    "exists (select from connection c where c.device_id = $1"                                      \
    " and c.protocol = 'wireguard' and c.status = 'active') as connected,"                         \
    " l.id as lease_id, host(as_ipv4(l.ip)) as ip"

#define LEASES                                                                                     \
    "(select p.lease_id as id, 0 as place from wireguard_peer p where p.device_id = $1::uuid"      \
    " union all select o.id, 1 from ipam_lease o"                                                  \
    " where o.owner_id = $1::uuid and o.owner_type = 'device')"

#define TUNNEL_FROM                                                                                \
    " from (select) one left join lateral (select l.id, l.ip from " LEASES                         \
    " k join ipam_lease l on l.id = k.id where l.status = 'active' and as_ipv4(l.ip) is not null"  \
    " order by k.place, l.updated_at desc limit 1) l on true"

static const struct query TUNNEL_FIND = {
    .name = "tunnel_find",
    .sql = "select " TUNNEL_COLUMNS TUNNEL_FROM,
    .row = &tunnel_schema,
};

/* The first address of a pool is its network's and the last one its broadcast's. */
#define IN_POOL                                                                                    \
    "host(as_ipv4(l.ip))::inet <<= network(as_ipv4(p.cidr))"                                       \
    " and host(as_ipv4(l.ip)) <> host(network(as_ipv4(p.cidr)))"                                   \
    " and host(as_ipv4(l.ip)) <> host(broadcast(as_ipv4(p.cidr)))"                                 \
    " and host(as_ipv4(l.ip)) is distinct from host(as_ipv4(p.gateway))"

/* What the device had last, and nobody else since: an adopted lease may have been written with its
 * mask, so that another row may have its address. */
#define OWN                                                                                        \
    "select l.pool_id, l.ip from ipam_lease l join ipam_pool p on p.id = l.pool_id and " IN_POOL   \
    " where l.owner_id = $1::uuid and l.owner_type = 'device' and l.status = 'quarantined'"        \
    " and not exists (select from wireguard_peer p where p.lease_id = l.id)"                       \
    " and not exists (select from ipam_lease o where o.pool_id = l.pool_id and o.id <> l.id"       \
    " and split_part(o.ip, '/', 1) = split_part(l.ip, '/', 1) and (o.status = 'active'"            \
    " or o.status = 'quarantined' and o.quarantined_until > clock_timestamp()))"                   \
    " order by l.updated_at desc, l.id limit 1"

/* What is neither leased, nor resting, nor in use by a peer whose lease says otherwise. */
#define IS_FREE                                                                                    \
    "not exists (select from ipam_lease l where l.pool_id = a.pool_id"                             \
    " and l.ip in (a.ip, a.ip || '/32') and (l.status = 'active'"                                  \
    " or l.status = 'quarantined' and l.quarantined_until > clock_timestamp()"                     \
    " or exists (select from wireguard_peer p where p.lease_id = l.id)))"

/* By family() the planner expects one pool of many; by "is not null" all, and it would go through
 * the leases once for each address. */
#define ADDRESSES                                                                                  \
    "(select p.id as pool_id, p.created_at, p.n, host(network(p.net)::inet + p.n) as ip, p.gate"   \
    " from (select p.*, generate_series(1, (1::bigint << (32 - masklen(p.net))) - 2) as n"         \
    " from (select *, as_ipv4(cidr) as net, host(as_ipv4(gateway)) as gate from ipam_pool"         \
    " where family(as_ipv4(cidr)) = 4 offset 0) p) p) a"

#define TO_BE_HAD ADDRESSES " where a.ip is distinct from a.gate and " IS_FREE

static const struct query TUNNEL_LOOK = {
    .name = "tunnel_look",
    .sql = "select " TUNNEL_COLUMNS ", l.id is not null or exists (" OWN ")"
           " or exists (select from " TO_BE_HAD ") as left" TUNNEL_FROM,
    .row = &look_schema,
};

bool
tunnel_find(struct db *db, const char *device_id, struct tunnel *tunnel, struct err *err)
{
    return db_one(db, &TUNNEL_FIND, DB_ARGS(arg_text(device_id)), tunnel, err);
}

bool
tunnel_look(struct db *db, const char *device_id, struct tunnel *tunnel, struct err *err)
{
    return db_one(db, &TUNNEL_LOOK, DB_ARGS(arg_text(device_id)), tunnel, err);
}

/* -- taking -------------------------------------------------------------------------------- */

static const struct query POOLS_LOCK = {
    .name = "pools_lock",
    .sql = "select from ipam_pool order by created_at, id for update",
};

/* A device has one active lease: one that cannot be read makes room for one that can. */
static const struct query UNREADABLE_RELEASE = {
    .name = "unreadable_release",
    .sql = "update ipam_lease set status = 'released', quarantined_until = null,"
           " updated_at = now() where status = 'active' and as_ipv4(ip) is null"
           " and id in (select id from " LEASES " k)",
};

static const struct query ADDRESS_TAKE = {
    .name = "address_take",
    .sql = "with own as (" OWN "),"
           " lowest as (select a.pool_id, a.ip from " TO_BE_HAD " and not exists (select from own)"
           " order by a.created_at, a.pool_id, a.n limit 1),"
           " taken as (insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status)"
           " select $2::uuid, c.pool_id, c.ip, 'device', $1::uuid, 'active'"
           " from (select * from own union all select * from lowest) c"
           " on conflict (pool_id, ip) do update set owner_type = 'device',"
           " owner_id = excluded.owner_id, status = 'active', quarantined_until = null,"
           " updated_at = now() returning id, ip)"
           " select false as connected, id as lease_id, host(as_ipv4(ip)) as ip from taken",
    .row = &tunnel_schema,
    .missing = ERR_IPAM_EXHAUSTED,
};

bool
address_take(struct db *db, const char *device_id, const char *lease_id, struct tunnel *tunnel,
    struct err *err)
{
    return db_exec(db, &POOLS_LOCK, DB_NO_ARGS, NULL, err) &&
        db_exec(db, &UNREADABLE_RELEASE, DB_ARGS(arg_text(device_id)), NULL, err) &&
        db_one(db, &ADDRESS_TAKE, DB_ARGS(arg_text(device_id), arg_text(lease_id)), tunnel, err);
}
