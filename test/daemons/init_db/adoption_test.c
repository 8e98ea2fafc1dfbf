/*
 * Databases of every older stage, filled and empty, stamped and not: what comes out has the schema
 * of a new one, and every credential in it is what it was. What is refused is not touched.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "daemons/init_db/old.h"
#include "harness/check.h"

/* -- the schema ---------------------------------------------------------------------------- */

/* The first line that differs says more than two long texts. */
static void
check_same(const char *title, const char *want, const char *have)
{
    size_t at = 0, line = 0;

    for (; want[at] != '\0' && want[at] == have[at]; at++)
        line = want[at] == '\n' ? at + 1 : line;
    if (want[at] == have[at])
        check_passed();
    else
        check_failed(title, "want %.*s, have %.*s", (int)strcspn(want + line, "\n"), want + line,
            (int)strcspn(have + line, "\n"), have + line);
}

/* The type json cannot be compared, and the one that jsonb cannot hold has become a text. */
#define CREDENTIALS                                                                                \
    "select string_agg(id || ' ' || case when id::text like '%0512' then 'nul' else"               \
    " effective_config_json::jsonb::text end, E'\\n' order by id) from connection_revision"

static void
adopt(const struct old *old, const char *schema)
{
    const char *title = arena_printf(&old_arena, "stage %d, %s, %s", (int)old->stage,
        old->filled ? "filled" : "empty", old->stamped ? "stamped" : "unstamped");
    const char *said, *credentials;

    old_make(old);
    credentials = old_ask(CREDENTIALS);
    if (!check_int(title, 0, old_run(&said, "--adopt", NULL)))
        puts(said);
    check_same(title, schema, old_schema());
    check_same(title, credentials, old_ask(CREDENTIALS));
    check_str(title, "tracegate-c", old_ask("select version_num from alembic_version"));
    check_str(title, "1", old_ask("select count(*) from ipam_pool"));
}

/* -- the rows ------------------------------------------------------------------------------ */

#define LIST(what, from, where)                                                                    \
    "select string_agg(" what ", ' ' order by (" what ") collate \"C\") from " from " where " where

/* After the adoption of a filled one of these stages. */
static const struct {
    int64_t first, last;
    const char *sql, *want;
} keeps[] = {
    /* one peer of each device, its address held; the revoked ones and their connections gone */
    {1, 7, LIST("peer_public_key", "wireguard_peer", "true"), "active named single"},
    {1, 1, LIST("ip || ':' || status", "ipam_lease", "ip like '10.70.0.1_'"),
        "10.70.0.11:released 10.70.0.12:active 10.70.0.13:released 10.70.0.14:active"
        " 10.70.0.15:released 10.70.0.16:released"},
    {2, 7, LIST("ip || ':' || status", "ipam_lease", "ip like '10.70.0.1_'"),
        "10.70.0.12:active 10.70.0.13:released 10.70.0.14:active 10.70.0.15:quarantined"},
    {1, 1,
        "select count(*) from wireguard_peer p join ipam_lease l on l.id = p.lease_id and"
        " (l.owner_type, l.owner_id, l.status) = ('device', p.device_id, 'active')",
        "3"},
    {1, 7, LIST("device.name || ':' || wg_ver", "device", "wg_ver > 0"),
        "device 1:1 device 2:1 device 4:1"},
    {1, 7, LIST("right(id::text, 2)", "connection", "status = 'active' and protocol = 'wireguard'"),
        "c1 c9 f1"},
    {1, 7, LIST("right(id::text, 3)", "connection_revision", "connection_id::text like '%b'"),
        "515"},
    {1, 7, "select status from connection_revision where id::text like '%0515'", "revoked"},
    {1, 5,
        LIST("right(id::text, 3)", "connection_revision",
            "status = 'active' and"
            " connection_id::text like '%c3'"),
        "506 531"},
    {1, 5, LIST("ip || ':' || status", "ipam_lease", "ip like '10.70.0.2_'"),
        "10.70.0.21:active 10.70.0.22:released"},
    /* what is odd is left */
    {1, 7, LIST("ip || ':' || owner_type || ':' || status", "ipam_lease", "ip not like '10.70%'"),
        "10.71.0.9:peer:quarantined somewhere:user:released"},
    {1, 7, "select effective_config_json from connection_revision where id::text like '%0510'",
        "[1, 2]"},
    {1, 7, "select effective_config_json from connection_revision where id::text like '%0514'",
        "\"text\""},
    {1, 7,
        "select effective_config_json #>> '{}' from connection_revision"
        " where id::text like '%0512'",
        "{\"auth\": {\"username\": \"nul\\u0000\", \"password\": \"1\"}}"},
    {1, 7, "select custom_overrides_json from connection where id::text like '%c6'", "\"none\""},
    {1, 7, "select devices_max || ' ' || entitlement_status from tg_user where telegram_id = 3",
        "0 blocked"},
    {1, 7, "select quarantine_seconds from ipam_pool", "900"},
    /* credentials are shared, and have a key where they can have one */
    {1, 7,
        LIST("right(id::text, 2) || '=' || coalesce(credential_key, '-')", "connection_revision",
            "id::text ~ '05[01].$'"),
        "01=single 02=before 03=00000000-0000-0000-8000-0000000000d5"
        " 04=00000000-0000-0000-8000-0000000000d5 05=00000000-0000-0000-8000-0000000000d5"
        " 06=00000000-0000-0000-8000-0000000000d5 07=u-2-d6 08=u-2-d6"
        " 09=4e9d823140bd9805a07420211302f43b075200c65d49f088fd404369b9d15eb8 10=- 11=- 12=- 13=-"
        " 14=- 15=other"},
    {3, 7, LIST("credential_key", "connection_revision", "id::text like '%540'"),
        "00000000-0000-0000-8000-0000000000d5"},
    {1, 7,
        "select bool_and(credential_shared and (status = 'revoked') = (revoked_at is not null))"
        " from connection_revision",
        "t"},
    {1, 7,
        "select slot || ' ' || coalesce(camouflage_sni_id, -1) from connection_revision"
        " where id::text like '%0502'",
        "2 -1"},
    {1, 7, "select count(*) from connection_revision where camouflage_sni_id < 1", "0"},
    /* each node, active or not, begins with a snapshot; the old outbox is gone */
    {1, 7,
        LIST("e.name || ':' || s.name || ':' || n.want_snapshot || ':' || n.acked_gen",
            "node_cursor n join node_endpoint e on e.id = n.node_id join outbox_stream s"
            " on s.stream_id = n.stream_id",
            "true"),
        "e1:role:VPS_E:true:0 t1:role:VPS_T:true:0 t2:role:VPS_T:true:0"},
    {1, 7, "select count(*) from outbox_event", "0"},
    /* tokens */
    {1, 6, LIST("name || scopes", "api_token", "true"), "bot[\"*\"] gone[\"*\"]"},
    {7, 7, LIST("name || scopes", "api_token", "true"),
        "bot[\"*\"] gone[\"*\"] good[\"nodes:rw\", \"users:rw\"] half[\"users:read\"] none[] nul[]"
        " text[]"},
    {5, 7, "select count(*) from bot_message_ref", "1"},
    {6, 7, "select telegram_username from tg_user where telegram_id = 1", "ada"},
};

static void
check_rows(int64_t stage)
{
    for (size_t i = 0; i < COUNT(keeps); i++) {
        if (stage >= keeps[i].first && stage <= keeps[i].last)
            check_str(arena_printf(&old_arena, "stage %d, %s", (int)stage, keeps[i].sql),
                keeps[i].want, old_ask(keeps[i].sql));
    }
}

static void
test_every_stage_comes_out_as_a_new_database_is(void)
{
    const char *said;

    old_make(&(struct old){0});
    CHECK_INT(0, old_run(&said, NULL));
    CHECK_STR("tracegate-c", old_ask("select version_num from alembic_version"));
    const char *schema = old_schema();
    for (int64_t stage = 1; stage <= OLD_STAGES; stage++) {
        adopt(&(struct old){stage, false, false}, schema);
        adopt(&(struct old){stage, false, true}, schema);
        adopt(&(struct old){stage, true, false}, schema);
        adopt(&(struct old){stage, true, true}, schema);
        check_rows(stage);
    }
}

/* -- being asked --------------------------------------------------------------------------- */

static void
check_said(const char *said, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(said, words[i]) == NULL)
            check_failed(words[i], "is not in: %s", said);
        else
            check_passed();
    }
}

static void
test_without_the_flag_it_says_what_it_would_do(void)
{
    static const char *const words[] = {"stage 1 (0001_release_0_1.sql, revision 10691de66f04)",
        "3 users, 9 devices, 13 connections, 21 revisions, 3 nodes", "0002_release_0_2.sql\n",
        "0018_partitions_attached.sql\n", "3  wireguard_peer: further peers",
        "2  connection_revision: active revisions of a slot",
        "1  connection: further WireGuard connections", "2 undelivered events", "the 3 nodes",
        "the 1 tokens, which may do everything", "pg_dump -Fc", "code=installation", "--adopt"};
    const char *said;

    old_make(&(struct old){1, true, true});
    const char *before = old_contents();
    CHECK_INT(3, old_run(&said, NULL));
    check_said(said, words, COUNT(words));
    check_same("nothing is changed", before, old_contents());
    CHECK_INT(0, old_run(&said, "--adopt", NULL));
    CHECK(strstr(said, "name=\"bot\" scopes=[\"*\"]") != NULL);
    CHECK(strstr(said, "gone") == NULL);
    CHECK_INT(0, old_run(&said, NULL));
    CHECK_STR("", said);
    CHECK_INT(0, old_run(&said, "--adopt", NULL));
    CHECK_STR("", said);
}

static const struct {
    const char *title, *sql, *word;
} refusals[] = {
    {"unknown", "update alembic_version set version_num = 'deadbeef0000'", "revision deadbeef0000"},
    {"another stage", "update alembic_version set version_num = '92b17df9933b'",
        "those of stage 4"},
    {"two", "insert into alembic_version values ('92b17df9933b')", "has 2 rows"},
    {"none", "delete from alembic_version", "has 0 rows"},
    {"adopted before", "update alembic_version set version_num = 'tracegate-c'", "backup"},
    {"half a stage", "drop table alembic_version; alter table tg_user drop column role",
        "releases"},
    {"another program's",
        "drop schema public cascade; create schema public;"
        " create table alembic_version (version_num text);"
        " insert into alembic_version values ('theirs')",
        "revision theirs"},
    {"a table of this name",
        "drop schema public cascade; create schema public;"
        " create table tg_user (telegram_id bigint)",
        "releases"},
    {"our empty table",
        "update alembic_version set version_num = 'x';"
        " create table schema_migration (version int, name text, checksum text)",
        "revision x"},
};

static void
test_what_is_none_of_its_stages_is_refused_untouched(void)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const char *said;

        old_make(&(struct old){4, false, true});
        old_ask(refusals[i].sql);
        const char *before = old_contents();
        check_int(refusals[i].title, 3, old_run(&said, "--adopt", NULL));
        check_said(said, &refusals[i].word, 1);
        check_same(refusals[i].title, before, old_contents());
    }
}

/* -- being checked ------------------------------------------------------------------------- */

#define ROW(table, id) table " 00000000-0000-4000-8000-000000000" id ": "

static void
test_check_names_what_is_odd_and_leaves_it(void)
{
    static const char *const before[] = {ROW("wireguard_peer", "1b1") "a further peer",
        ROW("wireguard_peer", "1b5") "a revoked peer; deleted",
        ROW("connection", "0cb") "a further Wire", ROW("connection_revision", "502") "in slot 7"};
    static const char *const always[] = {"tg_user 2: 3 active devices, 1 are allowed",
        ROW("ipam_lease", "0e2") "10.71.0.9 is outside the pool 10.70.0.0/24",
        ROW("ipam_lease", "0e2") "10.71.0.9 belongs to a peer",
        ROW("ipam_lease", "0e2") "10.71.0.9 is in a quarantine that ended 2020-01-01",
        ROW("ipam_lease", "0e3") "an unreadable address",
        ROW("connection", "0c9") "no peer has the key",
        ROW("connection", "0c6") "its overrides are no JSON object",
        ROW("connection_revision", "510") "its configuration is no JSON object",
        ROW("connection_revision",
            "511") "its configuration cannot be read: server (missing), port",
        ROW("connection_revision", "512") "its configuration is no JSON object",
        ROW("connection_revision", "513") "its configuration cannot be read: endpoint (missing)",
        ROW("api_token", "071") "\"bot\" may do everything"};
    const char *said;

    old_make(&(struct old){1, true, true});
    const char *contents = old_contents();
    CHECK_INT(4, old_run(&said, "--check", NULL));
    check_said(said, before, COUNT(before));
    check_said(said, always, COUNT(always));
    CHECK(strstr(said, "cHJpdm") == NULL && strstr(said, "p-2-d6") == NULL);
    check_same("nothing is changed", contents, old_contents());
    CHECK_INT(0, old_run(&said, "--adopt", NULL));
    contents = old_contents();
    CHECK_INT(4, old_run(&said, "--check", NULL));
    check_said(said, always, COUNT(always));
    CHECK(strstr(said, "a further") == NULL && strstr(said, "in slot") == NULL);
    check_same("nothing is changed", contents, old_contents());
}

static void
test_check_knows_scopes(void)
{
    static const char *const words[] = {ROW("api_token", "073") "\"half\" 1 of its scopes",
        ROW("api_token", "074") "\"none\" 3 of its scopes",
        ROW("api_token", "075") "\"text\" its scopes are no list",
        ROW("api_token", "076") "\"nul\" its scopes are no list"};
    const char *said;

    old_make(&(struct old){7, true, false});
    CHECK_INT(4, old_run(&said, "--check", NULL));
    check_said(said, words, COUNT(words));
    CHECK(strstr(said, "\"good\"") == NULL);
}

static void
test_check_finds_nothing_in_a_sound_database(void)
{
    const char *said;

    for (int64_t stage = 0; stage <= OLD_STAGES; stage++) {
        old_make(&(struct old){stage, false, stage % 2 == 1});
        check_int(
            arena_printf(&old_arena, "stage %d", (int)stage), 0, old_run(&said, "--check", NULL));
    }
    CHECK_INT(0, old_run(&said, "--adopt", NULL));
    CHECK_INT(0, old_run(&said, "--check", NULL));
    CHECK_STR("0 odd rows.\n", said);
}

int
main(void)
{
    old_open();
    test_every_stage_comes_out_as_a_new_database_is();
    test_without_the_flag_it_says_what_it_would_do();
    test_what_is_none_of_its_stages_is_refused_untouched();
    test_check_names_what_is_odd_and_leaves_it();
    test_check_knows_scopes();
    test_check_finds_nothing_in_a_sound_database();
    old_close();
    return check_report("daemons/init_db/adoption");
}
