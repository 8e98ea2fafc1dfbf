#include "domain/artifact.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/world.h"
#include "schema/json.h"

#define DEVICE   "00000000-0000-4000-8000-0000000000d1"
#define PEER     "wg:" DEVICE
#define HYSTERIA "00000000-0000-4000-8000-0000000000a1"
#define CHAIN    "00000000-0000-4000-8000-0000000000a2"
#define TUNNEL   "00000000-0000-4000-8000-0000000000a3"

static struct db db;
static struct arena arena;
static struct err err;
static struct settings settings = {.pseudonym_secret = "k", .entry_mode = ENTRY_TCP_FORWARD};
static struct turn turn = {.db = &db, .arena = &arena, .settings = &settings};

/* -- the world ----------------------------------------------------------------------------- */

static void
add(const char *id, const char *kind, const char *key, const char *config)
{
    world_do(
        "insert into connection (id, user_id, device_id, protocol, mode, variant, profile_name,"
        " custom_overrides_json, status, ver) values ('%s', 7, '" DEVICE
        "', %s, 'p', '{}', 'active', 5)",
        id, kind);
    world_do("insert into connection_revision (id, connection_id, slot, status, credential_key,"
             " effective_config_json) values (gen_random_uuid(), '%s', 0, 'active', '%s', '%s')",
        id, key, config);
}

static void
open_world(void)
{
    database_init(&db);
    world_open();
    world_issue_many(1, 3);
    add(HYSTERIA, "'hysteria2', 'direct', 'B3'", "b3-x",
        "{\"auth\": {\"username\": \"b3-x\", \"password\": \"secret\"}}");
    add(CHAIN, "'vless_reality', 'chain', 'B2'", "chain-key", "{\"uuid\": \"u\"}");
    add(TUNNEL, "'wireguard', 'direct', 'B5'", "pub", "{\"device_public_key\": \"pub\"}");
    world_do("insert into ipam_pool (id, cidr, gateway) values"
             " ('00000000-0000-4000-8000-0000000000f1', '10.70.0.0/24', '10.70.0.1')");
    world_do("insert into ipam_lease (id, pool_id, ip, owner_type, owner_id, status) values"
             " ('00000000-0000-4000-8000-0000000000f2', '00000000-0000-4000-8000-0000000000f1',"
             " '10.70.0.2', 'device', '" DEVICE "', 'active')");
    world_do("insert into wireguard_peer (id, user_id, device_id, peer_public_key, lease_id,"
             " preshared_key, allowed_ips, status, created_at) values"
             " ('00000000-0000-4000-8000-0000000000f3', 7, '" DEVICE "', 'pub',"
             " '00000000-0000-4000-8000-0000000000f2', 'psk', '[]', 'active', now())");
    world_do("update device set wg_ver = 9");
    world_do("insert into bundle (name, role, ver, files, digest) values"
             " ('base-vps-t', 'VPS_T', 3, '{\"xray.json\": \"{}\"}', 'd')");
}

/* -- asking -------------------------------------------------------------------------------- */

static struct artifact
one(const char *role, const char *component, const char *id)
{
    struct artifact_key key = {component, id};
    struct artifact artifact = {0};

    arena_reset(&arena);
    db_turn(&db, &arena);
    CHECK(artifacts_of(&turn, role, &(struct list){&key, 1}, &artifact, &err));
    return artifact;
}

/* A member of the payload, or of its first credential, as text. */
static const char *
member(const struct artifact *artifact, const char *name)
{
    struct json_object *json, *credentials, *value;

    if (artifact->payload == NULL ||
        !json_read(&arena, artifact->payload, strlen(artifact->payload), &json))
        return NULL;
    if (json_object_object_get_ex(json, name, &value))
        return json_object_get_string(value);
    credentials = json_object_object_get(json, "credentials");
    return json_object_get_string(
        json_object_object_get(json_object_array_get_idx(credentials, 0), name));
}

/* -- the tests ----------------------------------------------------------------------------- */

static void
test_a_pid_is_what_its_vector_says(void)
{
    world_do("insert into tg_user (telegram_id) values (123456789)");
    world_do("update connection set user_id = 123456789 where id = '%s'", world_connection(1));
    struct artifact artifact = one("VPS_T", "xray", world_connection(1));
    CHECK_STR("dfba11ae6bff86d789ee", member(&artifact, "user_pid"));
    CHECK(strstr(artifact.payload, "123456789") == NULL);
}

static void
test_a_hysteria_credential_has_name_and_password(void)
{
    struct artifact artifact = one("VPS_T", "hysteria", HYSTERIA);

    CHECK_STR("UPSERT_USER", artifact.event_type);
    CHECK_STR("b3-x", member(&artifact, "username"));
    CHECK_STR("secret", member(&artifact, "password"));
    CHECK_STR("b3-x", member(&artifact, "credential_key"));
    CHECK_INT(5, artifact.ver.value);
}

static void
test_a_peer_has_its_keys_and_address(void)
{
    struct artifact artifact = one("VPS_T", "wireguard", PEER);

    CHECK_STR("WG_PEER_UPSERT", artifact.event_type);
    CHECK_STR("pub", member(&artifact, "peer_public_key"));
    CHECK_STR("psk", member(&artifact, "preshared_key"));
    CHECK_STR("10.70.0.2", member(&artifact, "peer_ip"));
    CHECK_STR(DEVICE, member(&artifact, "device_id"));
    CHECK(strncmp("b5-", member(&artifact, "marker"), 3) == 0);
    CHECK_INT(9, artifact.ver.value);
}

static void
test_a_bundle_brings_its_files(void)
{
    struct artifact artifact = one("VPS_T", "bundle", "base-vps-t");

    CHECK_STR("APPLY_BUNDLE", artifact.event_type);
    CHECK_STR("base-vps-t", member(&artifact, "bundle_name"));
    CHECK_STR("d", member(&artifact, "digest"));
    CHECK(member(&artifact, "files") != NULL);
    CHECK_INT(3, artifact.ver.value);
}

static void
test_a_role_without_an_inbound_has_nothing(void)
{
    static const struct {
        const char *role, *component, *id;
        int entry_mode;
        bool there;
    } cases[] = {
        {"VPS_T", "xray", CHAIN, ENTRY_TCP_FORWARD, true},
        {"VPS_E", "xray", CHAIN, ENTRY_TCP_FORWARD, false},
        {"VPS_T", "xray", CHAIN, ENTRY_XRAY, false},
        {"VPS_E", "xray", CHAIN, ENTRY_XRAY, true},
        {"VPS_E", "hysteria", HYSTERIA, ENTRY_XRAY, false},
        {"VPS_E", "wireguard", PEER, ENTRY_XRAY, false},
        {"VPS_E", "bundle", "base-vps-t", ENTRY_XRAY, false},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        settings.entry_mode = cases[i].entry_mode;
        struct artifact artifact = one(cases[i].role, cases[i].component, cases[i].id);
        if (!CHECK_INT(cases[i].there, artifact.payload != NULL))
            check_failed(CHECK_PLACE, "case %zu", i);
    }
    settings.entry_mode = ENTRY_TCP_FORWARD;
}

static void
test_what_is_revoked_or_gone_is_a_removal(void)
{
    world_revoke(2);
    struct artifact revoked = one("VPS_T", "xray", world_connection(2));
    CHECK(revoked.payload == NULL && revoked.ver.set);
    CHECK_STR("REVOKE_CONNECTION", revoked.event_type);
    struct artifact gone = one("VPS_T", "xray", world_connection(99));
    CHECK(gone.payload == NULL && !gone.ver.set);
    CHECK_STR("REVOKE_CONNECTION", gone.event_type);
    CHECK_STR("WG_PEER_REMOVE",
        one("VPS_T", "wireguard", "wg:00000000-0000-4000-8000-0000000000d9").event_type);
}

static void
test_an_unknown_component_is_nobodys(void)
{
    CHECK(one("VPS_T", "quic", "x").event_type == NULL);
}

static void
test_keys_of_all_kinds_keep_their_order(void)
{
    const struct artifact_key keys[] = {{"wireguard", PEER}, {"xray", world_connection(1)},
        {"bundle", "base-vps-t"}, {"hysteria", HYSTERIA}, {"xray", world_connection(3)}};
    struct artifact artifacts[COUNT(keys)] = {0};

    arena_reset(&arena);
    db_turn(&db, &arena);
    CHECK(artifacts_of(&turn, "VPS_T", &(struct list){keys, COUNT(keys)}, artifacts, &err));
    for (size_t i = 0; i < COUNT(keys); i++) {
        CHECK_STR(keys[i].aggregate_id, artifacts[i].aggregate_id);
        CHECK_STR(keys[i].component, artifacts[i].component);
        CHECK(artifacts[i].payload != NULL);
    }
}

static void
test_a_walk_comes_by_everything_once(void)
{
    struct artifact_walk walk = {0};
    int64_t count = 0, removed = 0;
    char after[129];

    world_issue_many(1000, 1999);
    while (!walk.done) {
        struct list page;

        arena_reset(&arena);
        db_turn(&db, &arena);
        if (!CHECK(artifacts_next(&turn, "VPS_T", &walk, &page, &err)))
            break;
        for (size_t i = 0; i < page.count; i++)
            removed += ((const struct artifact *)page.at)[i].payload == NULL;
        count += (int64_t)page.count;
        if (walk.after != NULL) {
            snprintf(after, sizeof(after), "%s", walk.after);
            walk.after = after;
        }
    }
    /* three less one revoked, a thousand, Hysteria, the chain, the peer and the bundle */
    CHECK_INT(2 + 1000 + 4, count);
    CHECK_INT(0, removed);
}

int
main(void)
{
    open_world();
    test_a_pid_is_what_its_vector_says();
    test_a_hysteria_credential_has_name_and_password();
    test_a_peer_has_its_keys_and_address();
    test_a_bundle_brings_its_files();
    test_a_role_without_an_inbound_has_nothing();
    test_what_is_revoked_or_gone_is_a_removal();
    test_an_unknown_component_is_nobodys();
    test_keys_of_all_kinds_keep_their_order();
    test_a_walk_comes_by_everything_once();
    arena_reset(&arena);
    db_free(&db);
    world_close();
    return check_report("domain/artifact");
}
