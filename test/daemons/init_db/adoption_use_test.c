/*
 * An adopted installation at work: every row of it can be shown, nodes are told the credentials
 * that clients hold, clients can be given them again, and what is issued next is new.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "daemons/init_db/old.h"
#include "domain/artifact.h"
#include "domain/connections.h"
#include "domain/devices.h"
#include "domain/revisions.h"
#include "domain/users.h"
#include "export/export.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "schema/json.h"
#include "store/tokens.h"

#define ID(end) "00000000-0000-4000-8000-000000000" end

static struct fixture fixture;

static void
check_done(const char *title, bool done)
{
    if (done)
        check_passed();
    else
        check_failed(title, "%s: %s", err_kinds[fixture.err.code].code, fixture.err.detail);
}

/* -- what is shown ------------------------------------------------------------------------- */

static void
show_revisions(const char *connection_id, size_t *count)
{
    const struct revisions_query query = {.limit = 100};
    struct list revisions = {0};

    check_done(connection_id,
        revisions_of_connection(&fixture.turn, connection_id, &query, &revisions, &fixture.err));
    *count += revisions.count;
}

static void
show_connections(const char *device_id, size_t *count)
{
    const struct connections_query query = {.include_revoked = true};
    struct list connections = {0};

    check_done(device_id,
        connections_of_device(&fixture.turn, device_id, &query, &connections, &fixture.err));
    for (size_t i = 0; i < connections.count; i++)
        show_revisions(((const struct connection *)connections.at)[i].id, count);
}

static void
test_every_row_can_be_shown(void)
{
    const struct users_query query = {.limit = 100};
    const struct devices_query all = {.include_revoked = true};
    struct list users = {0}, devices = {0};
    size_t count = 0;

    check_done("users", users_read(&fixture.turn, &query, &users, &fixture.err));
    CHECK_INT(3, (long long)users.count);
    for (size_t i = 0; i < users.count; i++) {
        int64_t id = ((const struct user *)users.at)[i].telegram_id;

        check_done("devices", devices_of_user(&fixture.turn, id, &all, &devices, &fixture.err));
        for (size_t k = 0; k < devices.count; k++)
            show_connections(((const struct device *)devices.at)[k].id, &count);
    }
    CHECK_INT(fixture_number(&fixture, "select count(*) as n from connection_revision", NULL),
        (long long)count);
}

/* -- what nodes are told ------------------------------------------------------------------- */

static struct json_object *
payload(const char *component, const char *id)
{
    struct artifact_key key = {component, id};
    struct artifact artifact = {0};
    struct json_object *json = NULL;

    check_done(
        id, artifacts_of(&fixture.turn, "VPS_T", &(struct list){&key, 1}, &artifact, &fixture.err));
    CHECK(artifact.ver.value > 0);
    if (artifact.payload == NULL ||
        !json_read(&fixture.arena, artifact.payload, strlen(artifact.payload), &json))
        check_failed(id, "has no payload");
    return json;
}

/* A member of one of its credentials. */
static const char *
credential(struct json_object *json, size_t place, const char *name)
{
    struct json_object *all = json_object_object_get(json, "credentials");
    struct json_object *one = json_object_array_get_idx(all, place);

    return json_object_get_string(json_object_object_get(one, name));
}

#define KEY "00000000-0000-0000-8000-0000000000d5"

static void
test_nodes_are_told_shared_credentials_under_one_key(void)
{
    struct json_object *reality = payload("xray", ID("0c2")), *chain = payload("xray", ID("0c3"));
    struct json_object *hysteria = payload("hysteria", ID("0c4"));

    CHECK_STR("00000000-0000-4000-8000-0000000000D5", credential(reality, 0, "uuid"));
    CHECK_STR("00000000-0000-4000-8000-0000000000d5", credential(reality, 1, "uuid"));
    CHECK_STR(KEY, credential(reality, 0, "credential_key"));
    CHECK_STR(KEY, credential(reality, 1, "credential_key"));
    CHECK_STR(KEY, credential(chain, 0, "credential_key"));
    CHECK_STR("u-2-d6", credential(hysteria, 0, "credential_key"));
    CHECK_STR("u-2-d6", credential(hysteria, 1, "username"));
    CHECK_STR("p-2-d6", credential(hysteria, 1, "password"));
    CHECK(!str_eq(credential(hysteria, 0, "marker"), credential(hysteria, 1, "marker")));
}

static void
test_nodes_are_told_the_peer(void)
{
    struct json_object *peer = payload("wireguard", "wg:" ID("0d4"));

    CHECK_STR("single", json_object_get_string(json_object_object_get(peer, "peer_public_key")));
    CHECK_STR("psk", json_object_get_string(json_object_object_get(peer, "preshared_key")));
    CHECK_STR("10.70.0.2", json_object_get_string(json_object_object_get(peer, "peer_ip")));
}

/* What cannot be read is in it, too, and disturbs nobody else's. */
static void
test_a_snapshot_has_all_of_it(void)
{
    struct artifact_walk walk = {0};
    size_t count = 0;

    while (!walk.done) {
        struct list page = {0};

        check_done("snapshot", artifacts_next(&fixture.turn, "VPS_T", &walk, &page, &fixture.err));
        for (size_t i = 0; i < page.count; i++, count++)
            CHECK(((const struct artifact *)page.at)[i].ver.value > 0);
    }
    /* Peers of devices 1, 2 and 4, of which 2 has no connection, and other connections. */
    CHECK_INT(2 + 8, (long long)count);
}

/* -- what clients are given ---------------------------------------------------------------- */

static const struct {
    const char *title, *id;
    int format;
    const char *code, *word; /* "" when it is given, and what is in it */
} exports[] = {
    {"REALITY", ID("503"), FORMAT_URI, "",
        "vless://00000000-0000-4000-8000-0000000000d5@192.0.2.1:443?"},
    {"Hysteria2", ID("507"), FORMAT_URI, "", "hysteria2://u-2-d6:p-2-d6@192.0.2.1:443"},
    {"WireGuard", ID("501"), FORMAT_CONF, "",
        "PrivateKey = cHJpdmF0ZSBrZXkgaW4gY2xlYXIgMzIgYnl0ZXMhISE="},
    {"a list", ID("510"), FORMAT_URI, "export_config", ""},
    {"keys are missing", ID("511"), FORMAT_URI, "export_config", ""},
    {"what jsonb cannot hold", ID("512"), FORMAT_URI, "export_config", ""},
    {"revoked", ID("505"), FORMAT_URI, "revision_gone", ""},
};

static void
test_clients_can_be_given_what_they_hold(void)
{
    for (size_t i = 0; i < COUNT(exports); i++) {
        struct export_file file = {0};
        bool done =
            export_revision(&fixture.turn, exports[i].id, exports[i].format, &file, &fixture.err);

        check_str(exports[i].title, exports[i].code, done ? "" : err_kinds[fixture.err.code].code);
        if (done && memmem(file.data, file.size, exports[i].word, strlen(exports[i].word)) == NULL)
            check_failed(
                exports[i].title, "is not in %.*s", (int)file.size, (const char *)file.data);
    }
}

/* -- what comes next ----------------------------------------------------------------------- */

#define COUNT_OF(where) "select count(*) as n from connection_revision where " where

static void
test_what_is_issued_next_is_new(void)
{
    static const struct issue_new in = {.camouflage_sni_id = {true, 1}};
    struct revision revision = {0};

    check_done("issue", revision_issue(&fixture.turn, ID("0c2"), &in, &revision, &fixture.err));
    CHECK(strstr(revision.effective_config_json, ID("0d5") "\",\"device_id") == NULL);
    CHECK_INT(1,
        fixture_number(&fixture,
            COUNT_OF("id = $1::uuid and not credential_shared"
                     " and credential_key <> '" KEY "'"),
            revision.id));
    CHECK_INT(3,
        fixture_number(&fixture,
            COUNT_OF("connection_id = $1::uuid and"
                     " status = 'active'"),
            ID("0c2")));
    check_done("revoke", revision_revoke(&fixture.turn, ID("504"), &revision, &fixture.err));
    check_done("activate", revision_activate(&fixture.turn, ID("504"), &revision, &fixture.err));
    CHECK_STR(KEY, credential(payload("xray", ID("0c2")), 0, "credential_key"));
}

static void
test_a_device_keeps_its_address(void)
{
    static const struct issue_new in = {0};
    struct revision revision = {0};

    fixture.settings.wireguard_server_public_key = "c2VydmVyIHB1YmxpYyBrZXkgMzIgYnl0ZXMgbG9uZyE=";
    check_done("issue", revision_issue(&fixture.turn, ID("0c1"), &in, &revision, &fixture.err));
    CHECK_STR("10.70.0.2",
        json_object_get_string(
            json_object_object_get(payload("wireguard", "wg:" ID("0d4")), "peer_ip")));
    check_done("again", revision_activate(&fixture.turn, ID("501"), &revision, &fixture.err));
    CHECK_STR("single",
        json_object_get_string(
            json_object_object_get(payload("wireguard", "wg:" ID("0d4")), "peer_public_key")));
}

static const struct {
    const char *digit, *scopes;
} tokens[] = {{"a", "*"}, {"c", "users:read"}, {"d", ""}, {"e", ""}, {"f", ""}};

static void
test_tokens_may_what_they_could(void)
{
    for (size_t i = 0; i < COUNT(tokens); i++) {
        struct token_key key = {0};
        const char *hash =
            old_ask(arena_printf(&old_arena, "select repeat('%s', 64)", tokens[i].digit));

        check_done(tokens[i].digit, token_find(&fixture.db, hash, &key, &fixture.err));
        const char *const *scopes = key.scopes.at;
        check_str(tokens[i].digit, tokens[i].scopes, key.scopes.count == 0 ? "" : scopes[0]);
        CHECK(key.scopes.count <= 1);
    }
}

int
main(void)
{
    const char *said;

    old_open();
    old_make(&(struct old){.stage = 7, .filled = true, .stamped = true});
    CHECK_INT(0, old_run(&said, "--adopt", NULL));
    fixture_join(&fixture);
    db_free(&fixture.db);
    db_init(&fixture.db, old_conninfo());
    fixture_turn(&fixture);
    test_every_row_can_be_shown();
    test_nodes_are_told_shared_credentials_under_one_key();
    test_nodes_are_told_the_peer();
    test_a_snapshot_has_all_of_it();
    test_clients_can_be_given_what_they_hold();
    test_tokens_may_what_they_could();
    test_what_is_issued_next_is_new();
    test_a_device_keeps_its_address();
    fixture_close(&fixture);
    old_close();
    return check_report("daemons/init_db/adoption_use");
}
