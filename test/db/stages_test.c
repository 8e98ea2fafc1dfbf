/*
 * The chain of migrations, stage by stage, in a database that is filled as older installations
 * were: what each of the first seven changes is compared with test/golden/stages.want, which was
 * written after the description of those releases, and what becomes of the rows with a table here.
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "db/migrate.h"
#include "harness/check.h"

enum {
    FOREIGN_STAGES = 7, /* of the program before this one */
    GOLDEN_BYTES_MAX = 1 << 20
};

static struct arena arena;
static PGconn *conn;

/* -- the rows ------------------------------------------------------------------------------ */

#define ID(n) "'00000000-0000-4000-8000-0000000000" n "'"

/* Put in once the stage has been applied. */
static const struct {
    int64_t stage;
    const char *sql;
} fills[] = {
    {1,
        "insert into tg_user values (1, 5, 'ACTIVE', null, now(), now());"
        "insert into device select ('00000000-0000-4000-8000-0000000000d' || n)::uuid, 1, 'd' || n,"
        " 'ACTIVE', now() from generate_series(1, 4) n;"
        "insert into ipam_pool values (" ID(
            "aa") ", '10.70.0.0/24', '10.70.0.1', 1800, now());"
                  "insert into ipam_lease select ('00000000-0000-4000-8000-0000000000e' || n)::uuid,"
                  " " ID(
                      "aa") ", '10.70.0.' || n, 'PEER', gen_random_uuid(), 'ACTIVE', null, now(), now()"
                            " from generate_series(1, 9) n;"
                            "insert into api_token values (" ID(
                                "70") ", 'old', repeat('a', 64), 'ACTIVE', now());"
                                      "insert into node_endpoint values (" ID(
                                          "91") ", 'VPS_E', 'e1', 'http://e1', '192.0.2.1',"
                                                " null, true, now(), now())"},
    {1, /* of device 1 the newest revision names the key; of 2 one is active; of 3 none */
        "insert into connection values (" ID("c1") ", 1, " ID(
            "d1") ", 'WIREGUARD', 'DIRECT', 'B5',"
                  " 'default', '{}', 'ACTIVE', now() - interval '2 d');"
                  "insert into connection_revision values"
                  " (" ID("51") ", " ID(
                      "c1") ", 0, 'ACTIVE', null, '{\"device_public_key\": \"named\"}',"
                            " now()), (" ID("52") ", " ID(
                                "c1") ", 0, 'REVOKED', null,"
                                      " '{\"device_public_key\": \"newest\"}', now() + interval '1 d');"
                                      "insert into wireguard_peer select gen_random_uuid(), 1,"
                                      " ('00000000-0000-4000-8000-0000000000d' || d)::uuid, k,"
                                      " ('00000000-0000-4000-8000-0000000000e' || l)::uuid, null, '[]',"
                                      " s::wireguard_peer_status, now() - age * interval '1 d'"
                                      " from (values (1, 'newest', 1, 'ACTIVE', 0), (1, 'named', 2, 'ACTIVE', 5),"
                                      " (2, 'revoked', 3, 'REVOKED', 0), (2, 'active', 4, 'ACTIVE', 5),"
                                      " (3, 'later', 5, 'REVOKED', 0), (3, 'sooner', 6, 'REVOKED', 5),"
                                      " (4, 'single', 7, 'ACTIVE', 0)) as v (d, k, l, s, age)"},
    {1,
        "insert into outbox_event values (" ID(
            "01") ", 'UPSERT_USER', 'VPS_T', null, 'x', '{}',"
                  " 'x', 'PENDING', 0, now(), null, now(), now());"
                  "insert into outbox_delivery values (" ID("02") ", " ID("01") ", " ID(
                      "91") ", 'FAILED', 1,"
                            " now(), 'away', now(), now())"},
    {5, /* several active revisions of one slot, and active leases of one owner */
        "insert into connection values (" ID("c2") ", 1, " ID(
            "d2") ", 'VLESS_REALITY', 'DIRECT',"
                  " 'B1', 'default', '{}', 'ACTIVE', now());"
                  "insert into connection_revision select"
                  " ('00000000-0000-4000-8000-00000000005' || n)::uuid, " ID(
                      "c2") ", 1, 'ACTIVE', 1,"
                            " '{\"uuid\": \"ABCDEF01-2345-4789-8ABC-DEF012345678\"}', now() - n * interval '1 d'"
                            " from generate_series(3, 5) n;"
                            "update ipam_lease set owner_type = 'USER', owner_id = " ID(
                                "d4") ","
                                      " updated_at = now() - (case ip when '10.70.0.8' then 1 else 2 end) * interval '1 d'"
                                      " where ip in ('10.70.0.8', '10.70.0.9')"},
    {7, /* a second active WireGuard connection, a shared credential, a revoked peer */
        "insert into connection values (" ID("c3") ", 1, " ID(
            "d1") ", 'WIREGUARD', 'DIRECT', 'B5',"
                  " 'default', '{}', 'ACTIVE', now()), (" ID("c4") ", 1, " ID(
                      "d3") ", 'HYSTERIA2',"
                            " 'DIRECT', 'B3', 'default', '{}', 'ACTIVE', now());"
                            "insert into connection_revision values (" ID("56") ", " ID(
                                "c3") ", 0, 'ACTIVE', null,"
                                      " '{\"device_public_key\": \"other\"}', now()), (" ID("57") ", " ID(
                                          "c4") ", 0, 'ACTIVE',"
                                                " null, '{\"auth\": {\"username\": \"u-1\"}}', now()), (" ID(
                                                    "58") ", " ID("c4") ", 1,"
                                                                        " 'ACTIVE', null, '{\"auth\": {\"username\": \"u-1\"}}', now())"},
};

#define LIST(what, from, where)                                                                    \
    "select string_agg(" what ", ' ' order by (" what ") collate \"C\") from " from " where " where

/* What is there once the stage has been applied. */
static const struct {
    int64_t stage;
    const char *sql, *want;
} keeps[] = {
    {1, "select count(*) from wireguard_peer", "7"},
    {2, LIST("peer_public_key", "wireguard_peer", "true"), "active later named single"},
    {2, LIST("ip || ':' || owner_type || ':' || status", "ipam_lease", "true"),
        "10.70.0.1:PEER:RELEASED 10.70.0.2:DEVICE:ACTIVE 10.70.0.3:PEER:RELEASED"
        " 10.70.0.4:DEVICE:ACTIVE 10.70.0.5:DEVICE:RELEASED 10.70.0.6:PEER:RELEASED"
        " 10.70.0.7:DEVICE:ACTIVE 10.70.0.8:PEER:ACTIVE 10.70.0.9:PEER:ACTIVE"},
    {2,
        "select count(*) from wireguard_peer p join ipam_lease l on l.id = p.lease_id"
        " and l.owner_id = p.device_id",
        "4"},
    {2, "select role from tg_user", "USER"},
    {6, LIST("right(id::text, 2)", "connection_revision", "status = 'ACTIVE'"), "51 53"},
    {6, LIST("ip", "ipam_lease", "status = 'ACTIVE'"), "10.70.0.2 10.70.0.4 10.70.0.7 10.70.0.8"},
    {7, "select scopes from api_token", "[\"*\"]"},
    {8, LIST("status::text", "connection", "true"), "active active active active"},
    {9, LIST("peer_public_key", "wireguard_peer", "true"), "active named single"},
    {9, LIST("right(id::text, 2)", "connection", "status = 'active'"), "c1 c2 c4"},
    {9, LIST("right(id::text, 2)", "connection_revision", "status = 'active'"), "51 53 57 58"},
    {10, LIST("right(id::text, 2) || '=' || credential_key", "connection_revision", "true"),
        "51=named 52=newest 53=abcdef01-2345-0000-8abc-def012345678"
        " 54=abcdef01-2345-0000-8abc-def012345678 55=abcdef01-2345-0000-8abc-def012345678"
        " 56=other 57=u-1 58=u-1"},
    {10, "select bool_and(credential_shared) from connection_revision", "t"},
    {10,
        "select bool_and((status = 'revoked') = (revoked_at is not null)) from connection_revision",
        "t"},
    {12, "select count(*) from outbox_event", "0"},
    {12,
        "select s.name || ' ' || c.acked_gen || ' ' || c.want_snapshot"
        " from node_cursor c join outbox_stream s using (stream_id)",
        "role:VPS_E 0 true"},
    {12, "select to_regtype('outbox_status') is null and to_regclass('outbox_delivery') is null",
        "t"},
    {16, "select name || ' ' || status || ' ' || scopes from api_token", "old active [\"*\"]"},
};

/* -- the schema ---------------------------------------------------------------------------- */

/* Types, columns, keys and indexes, a line each: what was not there before, what is no more. */
static const char SEE[] =
    "create schema if not exists seen;"
    "create table if not exists seen.was (line text);"
    "create or replace view seen.now as"
    " select 'type ' || t.typname || ' = ' || string_agg(e.enumlabel, ' ' order by e.enumsortorder)"
    "  as line from pg_type t join pg_enum e on e.enumtypid = t.oid"
    "  where t.typnamespace = 'public'::regnamespace group by t.typname"
    " union all select 'column ' || c.relname || '.' || a.attname || ' ' ||"
    "  replace(format_type(a.atttypid, a.atttypmod), 'character varying', 'varchar') ||"
    "  case when a.attnotnull then ' not null' else '' end ||"
    "  coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')"
    "  from pg_class c join pg_attribute a on a.attrelid = c.oid"
    "  left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)"
    "  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
    "   and a.attnum > 0 and not a.attisdropped"
    " union all select 'key ' || conrelid::regclass || ' ' ||"
    "  case when conname like 'uq%' then conname || ' ' else '' end || pg_get_constraintdef(oid)"
    "  from pg_constraint where connamespace = 'public'::regnamespace and conrelid <> 0"
    " union all select 'index ' || regexp_replace(pg_get_indexdef(i.indexrelid),"
    "   '^CREATE (UNIQUE )?INDEX (\\S+) ON public\\.(\\S+) USING btree ', '\\3 \\2 \\1')"
    "  from pg_index i join pg_class c on c.oid = i.indexrelid"
    "  where c.relnamespace = 'public'::regnamespace"
    "   and not exists (select 1 from pg_constraint where conindid = i.indexrelid)";
static const char CHANGED[] =
    "select string_agg(line || E'\\n', '' order by substr(line, 3) collate \"C\", line) from ("
    " (select '+ ' || line as line from seen.now except select '+ ' || line from seen.was)"
    " union all"
    " (select '- ' || line from seen.was except select '- ' || line from seen.now)) as changes";
static const char SEEN[] = "truncate seen.was; insert into seen.was select line from seen.now";

/* -- both ---------------------------------------------------------------------------------- */

/* The first value; "" when there is none. */
static const char *
ask(const char *sql)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    const char *value = "";

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        check_failed(sql, "%s", PQerrorMessage(conn));
    if (PQntuples(result) > 0)
        value = arena_strdup(&arena, PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

static void
apply(const struct migration *migration)
{
    ask("begin");
    ask(migration->sql);
    ask("commit");
}

static void
fill(int64_t stage)
{
    for (size_t i = 0; i < COUNT(fills); i++) {
        if (fills[i].stage == stage)
            ask(fills[i].sql);
    }
}

static void
check_rows(int64_t stage)
{
    for (size_t i = 0; i < COUNT(keeps); i++) {
        if (keeps[i].stage == stage)
            check_str(keeps[i].sql, keeps[i].want, ask(keeps[i].sql));
    }
}

/* The golden file's part "== NNNN_subject.sql". */
static const char *
wanted(const char *golden, const char *name)
{
    const char *title = arena_printf(&arena, "== %s\n", name);
    const char *start = strstr(golden, title);

    if (start == NULL)
        return "";
    start += strlen(title);
    const char *end = strstr(start, "== ");
    return arena_printf(
        &arena, "%.*s", end == NULL ? (int)strlen(start) : (int)(end - start), start);
}

static void
test_each_stage_makes_what_its_release_had(const struct list *files, const char *golden)
{
    const struct migration *migrations = files->at;

    ask(SEE);
    for (size_t i = 0; i < files->count; i++) {
        apply(&migrations[i]);
        if (migrations[i].version <= FOREIGN_STAGES)
            check_str(migrations[i].name, wanted(golden, migrations[i].name), ask(CHANGED));
        ask(SEEN);
        fill(migrations[i].version);
        check_rows(migrations[i].version);
    }
}

int
main(void)
{
    const char *server = getenv("TEST_DATABASE");
    const char *name = arena_printf(&arena, "s_%d", (int)getpid());
    struct list files;
    struct err err = {0};
    char *golden;
    size_t size;

    if (server == NULL || !migrate_read("sql", &arena, &files, &err) ||
        !fs_read("test/golden/stages.want", GOLDEN_BYTES_MAX, &arena, &golden, &size, &err)) {
        fprintf(stderr, "no test database, or %s\n", err.detail);
        return EXIT_FAILURE;
    }
    conn = PQconnectdb(server);
    ask(arena_printf(&arena, "create database %s", name));
    PQfinish(conn);
    conn = PQconnectdb(arena_printf(&arena, "%s dbname=%s", server, name));
    test_each_stage_makes_what_its_release_had(&files, golden);
    PQfinish(conn);
    conn = PQconnectdb(server);
    ask(arena_printf(&arena, "drop database %s with (force)", name));
    PQfinish(conn);
    arena_reset(&arena);
    return check_report("db/stages");
}
