#include "harness/world.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/database.h"

static PGconn *conn;
static char answer[256];

static PGresult *run(const char *fmt, va_list ap) PRINTF(1, 0);

static PGresult *
run(const char *fmt, va_list ap)
{
    char sql[4096];

    vsnprintf(sql, sizeof(sql), fmt, ap);
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fprintf(stderr, "%s: %s", sql, PQerrorMessage(conn));
        exit(EXIT_FAILURE);
    }
    return result;
}

void
world_do(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    PQclear(run(fmt, ap));
    va_end(ap);
}

static const char *
first(PGresult *result)
{
    bool none = PQntuples(result) == 0 || PQgetisnull(result, 0, 0) != 0;

    snprintf(answer, sizeof(answer), "%s", none ? "" : PQgetvalue(result, 0, 0));
    PQclear(result);
    return none ? NULL : answer;
}

int64_t
world_int(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const char *text = first(run(fmt, ap));
    va_end(ap);
    return text == NULL ? -1 : strtoll(text, NULL, 10);
}

const char *
world_text(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const char *text = first(run(fmt, ap));
    va_end(ap);
    return text == NULL ? "" : text;
}

void
world_open(void)
{
    conn = PQconnectdb(database_conninfo());
    world_do("insert into incarnation (epoch, system_id, timeline, database_oid)"
             " values ('00000000-0000-4000-8000-00000000000e', 1, 1, 1) on conflict do nothing");
    world_do("insert into tg_user (telegram_id) values (7)");
    world_do("insert into device (id, user_id, name) values"
             " ('00000000-0000-4000-8000-0000000000d1', 7, 'phone')");
}

void
world_close(void)
{
    PQfinish(conn);
    conn = NULL;
}

/* -- connections --------------------------------------------------------------------------- */

#define CONNECTION "('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))"
#define REVISION   "('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))"
#define KEY        "('00000000-0000-0000-a000-' || lpad(n::text, 12, '0'))"

#define LOGGED                                                                                     \
    "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver, revokes,"      \
    " idempotency_key) select 1, (case when status = 'active' then 'UPSERT_USER' else"             \
    " 'REVOKE_CONNECTION' end)::outbox_event_type, 'xray', id::text, ver, status = 'revoked',"     \
    " concat_ws(':', 'EVENT', 'VPS_T', id, ver) from c"

const char *
world_connection(int n)
{
    static char ids[4][64];
    static int next;
    char *id = ids[next++ % 4];

    snprintf(id, sizeof(ids[0]), "00000000-0000-4000-8000-%012d", n);
    return id;
}

void
world_issue_many(int from, int to)
{
    world_do(
        "with c as (insert into connection (id, user_id, device_id, protocol, mode, variant,"
        " profile_name, custom_overrides_json, status, ver) select " CONNECTION "::uuid, 7,"
        " '00000000-0000-4000-8000-0000000000d1', 'vless_reality', 'direct', 'B1', 'p', '{}',"
        " 'active', 1 from generate_series(%d, %d) n returning *),"
        " r as (insert into connection_revision (id, connection_id, slot, status,"
        " credential_key, effective_config_json) select " REVISION "::uuid, " CONNECTION
        "::uuid, 0, 'active', " KEY ", jsonb_build_object('uuid', " KEY ", 'flow',"
        " 'xtls-rprx-vision', 'sni', 'www.example.org') from generate_series(%d, %d) n) " LOGGED
        " order by id",
        from, to, from, to);
}

void
world_issue(int n)
{
    world_issue_many(n, n);
}

void
world_touch(int n)
{
    world_do("with c as (update connection set ver = ver + 1 where id = '%s' returning *) " LOGGED,
        world_connection(n));
}

void
world_revoke(int n)
{
    const char *id = world_connection(n);

    world_do("with r as (update connection_revision set status = 'revoked', revoked_at = now()"
             " where connection_id = '%s' and status = 'active'),"
             " c as (update connection set ver = ver + 1, status = 'revoked' where id = '%s'"
             " returning *) " LOGGED,
        id, id);
}

void
world_notify(void)
{
    world_do("notify outbox");
}

/* -- nodes --------------------------------------------------------------------------------- */

const char *
world_node_id(int n)
{
    static char id[64];

    snprintf(id, sizeof(id), "00000000-0000-4000-b000-%012d", n);
    return id;
}

void
world_node(int n, const char *base_url)
{
    world_do("insert into node_endpoint (id, role, name, base_url, public_ipv4, active)"
             " values ('%s', 'VPS_T', 't%d', '%s', '127.0.0.1', true)",
        world_node_id(n), n, base_url);
    world_do("insert into node_cursor (node_id, stream_id) values ('%s', 1)", world_node_id(n));
}
