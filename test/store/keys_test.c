/* What the tables themselves refuse, whatever the rules above them say. */
#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

#define DEVICE "'" FIXTURE_DEVICE "'"
#define CONNECTION(protocol, status)                                                               \
    "insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name,"       \
    " custom_overrides_json, status) values (gen_random_uuid(), 7, " DEVICE ", '" protocol "',"    \
    " 'direct', 'B1', 'x', '{}', '" status "');"
#define REVISION(slot, status, key, shared)                                                        \
    "insert into connection_revision (id, connection_id, slot, status, effective_config_json,"     \
    " credential_key, credential_shared) select gen_random_uuid(), id, " slot ", '" status "',"    \
    " '{}', '" key "', " shared " from connection;"
#define TOKEN(name, hash, status, successor)                                                       \
    "insert into api_token (id, name, token_hash, scopes, status, replaced_by)"                    \
    " values (gen_random_uuid(), '" name "', '" hash "', '[]', '" status "', " successor ");"
#define LEASE(ip, status)                                                                          \
    "insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status)"                       \
    " select gen_random_uuid(), id, '" ip "', 'device', " DEVICE ", '" status "' from ipam_pool;"
#define POOL                                                                                       \
    "insert into ipam_pool (id, cidr, gateway)"                                                    \
    " values (gen_random_uuid(), '10.70.0.0/24', '10.70.0.1');"
#define THREE                                                                                      \
    CONNECTION("vless_reality", "active")                                                          \
    REVISION("0", "active", "a", "false")                                                          \
    REVISION("1", "active", "b", "false") REVISION("2", "active", "c", "false")

/* Each in a transaction of its own that ends in a commit, when it comes to that. */
static const struct {
    const char *title, *sql;
    enum err_code code;
} cases[] = {
    {"slots permute in one statement",
        THREE "update connection_revision set slot = (slot + 1) % 3;", ERR_NONE},
    {"the oldest falls off as the others move",
        THREE "update connection_revision set slot = slot + 1, status = case slot when 2 then"
              " 'revoked' else status end;" REVISION("0", "active", "d", "false"),
        ERR_NONE},
    {"one active revision in a slot", THREE REVISION("2", "active", "d", "false"), ERR_CONFLICT},
    {"any number of revoked ones", THREE REVISION("2", "revoked", "c", "false"), ERR_NONE},
    {"a credential of its own for each", THREE REVISION("3", "active", "c", "false"), ERR_CONFLICT},
    {"but for those that were shared before", THREE REVISION("3", "active", "c", "true"), ERR_NONE},
    {"one active WireGuard connection of a device",
        CONNECTION("wireguard", "active") CONNECTION("wireguard", "active"), ERR_CONFLICT},
    {"beside revoked ones and others",
        CONNECTION("wireguard", "active") CONNECTION("wireguard", "revoked")
            CONNECTION("hysteria2", "active") CONNECTION("hysteria2", "active"),
        ERR_NONE},
    {"one token of a name", TOKEN("a", "1", "active", "null") TOKEN("a", "2", "active", "null"),
        ERR_CONFLICT},
    {"beside its predecessors",
        TOKEN("a", "1", "active", "gen_random_uuid()") TOKEN("a", "2", "revoked", "null")
            TOKEN("a", "3", "active", "null"),
        ERR_NONE},
    {"one token of a hash", TOKEN("a", "1", "revoked", "null") TOKEN("b", "1", "active", "null"),
        ERR_CONFLICT},
    {"one active address of an owner", POOL LEASE("1", "active") LEASE("2", "active"),
        ERR_CONFLICT},
    {"beside those it had", POOL LEASE("1", "quarantined") LEASE("2", "active"), ERR_NONE},
    {"one lease of an address", POOL LEASE("1", "released") LEASE("1", "active"), ERR_CONFLICT},
    {"one history",
        "insert into incarnation (one, epoch, system_id, timeline, database_oid)"
        " values (true, gen_random_uuid(), 1, 1, 1), (false, gen_random_uuid(), 1, 1,"
        " 1);",
        ERR_INTERNAL},
    {"a dead letter in a state that is none",
        "insert into delivery_dead (node_id, aggregate_id, ver, state)"
        " values (gen_random_uuid(), 'a', 1, 'lost');",
        ERR_INTERNAL},
    {"a user with all that is the user's",
        THREE "delete from tg_user; do $$ begin assert (select count(*) from device) = 0"
              " and (select count(*) from connection_revision) = 0; end $$;",
        ERR_NONE},
};

/* The rules that are checked when a transaction ends are checked now. */
static enum err_code
code_of(const char *sql)
{
    fixture.err.code = ERR_NONE;
    if (!fixture_try(&fixture,
            arena_printf(&fixture.arena,
                "do $body$ begin %s set constraints all immediate; end"
                " $body$",
                sql),
            NULL))
        return fixture.err.code;
    return ERR_NONE;
}

int
main(void)
{
    fixture_open(&fixture);
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(db_begin(&fixture.db, &fixture.err));
        check_str(
            cases[i].title, err_kinds[cases[i].code].code, err_kinds[code_of(cases[i].sql)].code);
        fixture_turn(&fixture);
    }
    fixture_close(&fixture);
    return check_report("store/keys");
}
