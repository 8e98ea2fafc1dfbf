#include "store/oddities.h"

enum {
    ID_MAX = 64,
    NAME_STAGE = 7 /* brought scopes */
};

static const struct field oddity_fields[] = {
    F_TEXT(struct oddity, id, F_REQUIRED, 1, ID_MAX),
    F_TEXT(struct oddity, detail, F_REQUIRED, 1, INT32_MAX),
};
static const struct schema oddity_schema = SCHEMA(struct oddity, oddity_fields);

/* -- kinds --------------------------------------------------------------------------------- */

/* Labels are in upper case up to the seventh stage, configurations are of the type json, and one
 * that jsonb could not hold cannot be looked into. */
#define NAMED_KEY                                                                                  \
    "case when r.effective_config_json::text !~* '\\\\u(0000|d[89a-f])'"                           \
    " then r.effective_config_json ->> 'device_public_key' end"

/* Which peer of its device stays is the first of them. Only before the second stage there are more.
 */
#define RANKED_PEERS                                                                               \
    "with named as (select distinct on (c.device_id) c.device_id, " NAMED_KEY                      \
    " as public_key from connection c join connection_revision r on r.connection_id = c.id"        \
    " where c.protocol::text = 'WIREGUARD' and r.status::text = 'ACTIVE' and r.slot = 0"           \
    " order by c.device_id, (c.status::text = 'ACTIVE') desc, r.created_at desc, r.id),"           \
    " ranked as (select p.id, p.status, row_number() over (partition by p.device_id order by"      \
    " (p.peer_public_key is not distinct from n.public_key) desc, (p.status::text = 'ACTIVE')"     \
    " desc, p.created_at desc, p.id) as place from wireguard_peer p"                               \
    " left join named n on n.device_id = p.device_id)"

#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4  "^" OCTET "([.]" OCTET "){3}"

const struct oddity_kind oddity_kinds[] = {
    {2, "wireguard_peer", "further peers of a device", "dropped, its address released",
        {.name = "odd_peers",
            .sql = RANKED_PEERS
            " select id::text, 'a further peer of its device' as detail from ranked"
            " where place > 1 order by id",
            .row = &oddity_schema}},
    {6, "connection_revision", "active revisions of a slot that has a newer one", "revoked",
        {.name = "odd_slots",
            .sql = "select r.id::text, 'active in slot ' || r.slot || ', where a newer one is' as"
                   " detail from connection_revision r where r.status::text = 'ACTIVE' and exists"
                   " (select from connection_revision n where n.connection_id = r.connection_id"
                   " and n.slot = r.slot and n.status = r.status"
                   " and (n.created_at, n.id) > (r.created_at, r.id)) order by r.id",
            .row = &oddity_schema}},
    {6, "ipam_lease", "active leases of an owner that has a later one", "released",
        {.name = "odd_owners",
            .sql = "select l.id::text, l.ip || ', of whose owner a later one is active' as detail"
                   " from ipam_lease l where l.status::text = 'ACTIVE' and exists"
                   " (select from ipam_lease n where n.pool_id = l.pool_id"
                   " and n.owner_type = l.owner_type and n.owner_id = l.owner_id"
                   " and n.status = l.status and (n.updated_at, n.id) > (l.updated_at, l.id))"
                   " order by l.id",
            .row = &oddity_schema}},
    {9, "wireguard_peer", "revoked peers", "deleted",
        {.name = "odd_revoked_peers",
            .sql = RANKED_PEERS
            " select id::text, 'a revoked peer' as detail from ranked"
            " where place = 1 and status::text in ('REVOKED', 'revoked') order by id",
            .row = &oddity_schema}},
    {9, "connection", "further WireGuard connections of a device", "revoked with its revisions",
        {.name = "odd_wireguard",
            .sql = "with ranked as (select c.id, row_number() over (partition by c.device_id"
                   " order by p.peer_public_key is not null desc, p.created_at desc nulls last,"
                   " c.created_at desc, c.id) as place from connection c left join lateral"
                   " (select p.peer_public_key, r.created_at from connection_revision r"
                   " join wireguard_peer p on p.device_id = c.device_id"
                   " and p.peer_public_key = " NAMED_KEY
                   " and lower(p.status::text) = 'active' where r.connection_id = c.id"
                   " and lower(r.status::text) = 'active' and r.slot = 0 limit 1) p on true"
                   " where lower(c.protocol::text) = 'wireguard'"
                   " and lower(c.status::text) = 'active')"
                   " select id::text, 'a further WireGuard connection of its device' as detail"
                   " from ranked where place > 1 order by id",
            .row = &oddity_schema}},
    {9, "ipam_lease", "addresses of a peer that are not held", "held for the peer's device",
        {.name = "odd_leases",
            .sql = "select l.id::text, l.ip || ' is used by a peer, but ' || lower(l.status::text)"
                   " as detail from ipam_lease l join wireguard_peer p on p.lease_id = l.id"
                   " where lower(p.status::text) = 'active' and lower(l.status::text) <> 'active'"
                   " order by l.id",
            .row = &oddity_schema}},
    {10, "connection_revision", "revisions in other slots than 0 to 2",
        "given a slot of 0 to 2, or revoked when all are taken",
        {.name = "odd_places",
            .sql = "select id::text, 'in slot ' || slot as detail from connection_revision"
                   " where slot not between 0 and 2 order by id",
            .row = &oddity_schema}},
    {INT64_MAX, "connection", "WireGuard connections without a peer",
        "left as it is: nodes serve none",
        {.name = "odd_tunnels",
            .sql = "select c.id::text, 'no peer has the key of its slot 0' as detail"
                   " from connection c where lower(c.protocol::text) = 'wireguard'"
                   " and lower(c.status::text) = 'active' and not exists (select"
                   " from connection_revision r join wireguard_peer p on p.device_id = c.device_id"
                   " and p.peer_public_key = " NAMED_KEY " where r.connection_id = c.id"
                   " and lower(r.status::text) = 'active' and r.slot = 0"
                   " and lower(p.status::text) = 'active') order by c.id",
            .row = &oddity_schema}},
    {INT64_MAX, "tg_user", "users with more devices than they may have", "left as it is",
        {.name = "odd_limits",
            .sql = "select u.telegram_id::text as id, d.count || ' active devices, '"
                   " || u.devices_max || ' are allowed' as detail from tg_user u"
                   " join (select user_id, count(*) from device"
                   " where lower(status::text) = 'active' group by user_id) d"
                   " on d.user_id = u.telegram_id where d.count > u.devices_max"
                   " order by u.telegram_id",
            .row = &oddity_schema}},
    {INT64_MAX, "ipam_lease", "addresses outside their pool", "left as it is",
        {.name = "odd_addresses",
            .sql = "select l.id::text, case when l.ip !~ '" IPV4 "(/32)?$'"
                   " then 'an unreadable address' when p.cidr !~ '" IPV4 "/([12]?[0-9]|3[0-2])$'"
                   " then l.ip || ' in an unreadable pool'"
                   " when not l.ip::inet <<= p.cidr::inet"
                   " then l.ip || ' is outside the pool ' || p.cidr end as detail"
                   " from ipam_lease l join ipam_pool p on p.id = l.pool_id"
                   " where case when l.ip !~ '" IPV4 "(/32)?$'"
                   " or p.cidr !~ '" IPV4 "/([12]?[0-9]|3[0-2])$' then true"
                   " else not l.ip::inet <<= p.cidr::inet end order by l.id",
            .row = &oddity_schema}},
    {INT64_MAX, "ipam_lease", "addresses that belong to a peer", "left as it is",
        {.name = "odd_peer_owners",
            .sql = "select id::text, ip || ' belongs to a peer, not to a device' as detail"
                   " from ipam_lease where lower(owner_type::text) = 'peer'"
                   " and lower(status::text) <> 'released' order by id",
            .row = &oddity_schema}},
    {INT64_MAX, "ipam_lease", "quarantines that ended long ago",
        "left as it is, and may be given away",
        {.name = "odd_quarantines",
            .sql = "select id::text, ip || ' is in a quarantine that ended '"
                   " || coalesce(to_char(quarantined_until at time zone 'UTC', 'YYYY-MM-DD'),"
                   " 'at no known time') as detail from ipam_lease"
                   " where lower(status::text) = 'quarantined'"
                   " and coalesce(quarantined_until < now() - interval '1 day', true) order by id",
            .row = &oddity_schema}},
    {INT64_MAX, "connection", "overrides that are no JSON object", "left as it is",
        {.name = "odd_overrides",
            .sql = "select id::text, 'its overrides are no JSON object' as detail from connection"
                   " where lower(status::text) = 'active'"
                   " and custom_overrides_json::text !~ '^[[:space:]]*[{]' order by id",
            .row = &oddity_schema}},
};
const size_t oddity_kinds_count = COUNT(oddity_kinds);

bool
oddities_read(struct db *db, const struct oddity_kind *kind, struct list *oddities, struct err *err)
{
    return db_all(db, &kind->query, DB_NO_ARGS, oddities, err);
}

/* -- configurations ------------------------------------------------------------------------ */

static const struct field given_fields[] = {
    F_UUID(struct given, id, F_REQUIRED),
    F_TEXT(struct given, protocol, F_REQUIRED, 1, ID_MAX),
    F_TEXT(struct given, config, F_NULLABLE, 0, INT32_MAX),
};
static const struct schema given_schema = SCHEMA(struct given, given_fields);

/* The page is taken first: a planner who thinks that few are active would sort all of them for
 * each. */
static const struct query GIVEN_READ = {
    .name = "given_read",
    .sql = "select r.id, lower(c.protocol::text) as protocol,"
           " case when lower(r.status::text) = 'active' then r.effective_config_json::text end"
           " as config from (select * from connection_revision"
           " where id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')"
           " order by id limit $2) r cross join lateral (select c.protocol from connection c"
           " where c.id = r.connection_id offset 0) c order by r.id",
    .row = &given_schema,
};

bool
given_read(struct db *db, const char *after, int64_t limit, struct list *given, struct err *err)
{
    return db_all(db, &GIVEN_READ, DB_ARGS(arg_text(after), arg_int(limit)), given, err);
}

/* -- tokens -------------------------------------------------------------------------------- */

static const struct field token_fields[] = {
    F_UUID(struct token_scopes, id, F_REQUIRED),
    F_TEXT(struct token_scopes, name, F_REQUIRED, 0, INT32_MAX),
    F_TEXT(struct token_scopes, scopes, F_REQUIRED, 0, INT32_MAX),
};
static const struct schema token_schema = SCHEMA(struct token_scopes, token_fields);

static const struct query TOKENS_SCOPES = {
    .name = "tokens_scopes",
    .sql = "select id, name, scopes::text as scopes from api_token"
           " where status::text in ('active', 'ACTIVE') order by name, id",
    .row = &token_schema,
};

static const struct query TOKENS_BEFORE_SCOPES = {
    .name = "tokens_before_scopes",
    .sql = "select id, name, '[\"*\"]' as scopes from api_token"
           " where status::text = 'ACTIVE' order by name, id",
    .row = &token_schema,
};

bool
tokens_scopes(struct db *db, int64_t stage, struct list *tokens, struct err *err)
{
    return db_all(
        db, stage < NAME_STAGE ? &TOKENS_BEFORE_SCOPES : &TOKENS_SCOPES, DB_NO_ARGS, tokens, err);
}

/* Whatever is no list has nothing that is known in it. */
static const struct query TOKENS_DROP_UNKNOWN = {
    .name = "tokens_drop_unknown",
    .sql =
        "with odd as (select t.id, t.scopes, (select coalesce(jsonb_agg(s.scope order by s.place),"
        " '[]') from jsonb_array_elements(case jsonb_typeof(t.scopes) when 'array'"
        " then t.scopes else '[]' end) with ordinality as s (scope, place)"
        " where jsonb_typeof(s.scope) = 'string' and $1::jsonb @> s.scope) as kept from api_token t)"
        " update api_token t set scopes = o.kept from odd o"
        " where o.id = t.id and o.kept <> o.scopes returning t.id, t.name, o.scopes::text as scopes",
    .row = &token_schema,
};

bool
tokens_drop_unknown(struct db *db, const char *known, struct list *tokens, struct err *err)
{
    return db_all(db, &TOKENS_DROP_UNKNOWN, DB_ARGS(arg_text(known)), tokens, err);
}
