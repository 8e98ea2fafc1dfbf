#include "harness/call.h"
#include "harness/check.h"
#include "harness/database.h"
#include "harness/fixture.h"
#include "harness/scopes.h"

#define KEY   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KNOWN "/auth/tokens/00000000-0000-4000-8000-000000000001"
#define ALL_SCOPES                                                                                 \
    "['*', 'users:read', 'users:write', 'users:rw', 'users:role', 'users:force', 'devices:read',"  \
    " 'devices:write', 'devices:rw', 'connections:read', 'connections:write', 'connections:rw',"   \
    " 'revisions:read', 'revisions:write', 'revisions:rw', 'nodes:read', 'nodes:write',"           \
    " 'nodes:rw', 'dispatch:read', 'dispatch:write', 'dispatch:rw', 'bot_messages:read',"          \
    " 'bot_messages:write', 'bot_messages:rw', 'tokens:read', 'tokens:write', 'tokens:rw',"        \
    " 'sni:read', 'grafana:otp', 'metrics:read', 'audit:read']"
#define NUMBER_CURSOR "AAZJrHB0GcAAAAAAAAAABw"
#define NOBODY        "/auth/tokens/00000000-0000-4000-8000-000000000009"

static const struct call calls[] = {
    {"scopes need a scope", "GET", "/auth/scopes", NULL, 403, "{'code': 'scope'}",
        .scopes = "users:read"},
    {"who am I", "GET", "/auth/self", NULL, 200,
        "{'name': 'test', 'scopes': ['users:read', 'sni:read'], 'expires_at': null,"
        " 'features': ['ws', 'chain']}",
        .scopes = "users:read sni:read"},
    {"nobody", "GET", "/auth/self", NULL, 401, "{'code': 'token', 'detail': 'Missing API token'}",
        .scopes = "none"},
    {"no tokens yet", "GET", "/auth/tokens", NULL, 200, "[]"},
    {"issue", "POST", "/auth/tokens", "{'name': 'bot', 'scopes': ['users:rw', 'devices:rw']}", 201,
        "{'token_meta': {'name': 'bot', 'scopes': ['users:rw', 'devices:rw'], 'status': 'active',"
        " 'last_used_at': null, 'expires_at': null}}",
        "Cache-Control: no-store"},
    {"with an end", "POST", "/auth/tokens",
        "{'name': 'guest', 'scopes': ['users:read'], 'expires_at': '2099-01-01T00:00:00+01:00'}",
        201, "{'token_meta': {'expires_at': '2098-12-31T23:00:00Z'}}"},
    {"a name once", "POST", "/auth/tokens", "{'name': 'bot', 'scopes': ['users:rw']}", 409,
        "{'code': 'token_name_exists', 'detail': 'Token name already exists'}"},
    {"what one holds", "POST", "/auth/tokens", "{'name': 'a', 'scopes': ['users:read']}", 201, "{}",
        .scopes = "tokens:write users:rw"},
    {"what one does not hold", "POST", "/auth/tokens", "{'name': 'b', 'scopes': ['*']}", 403,
        "{'code': 'scope_not_held'}", .scopes = "tokens:write users:rw"},
    {"no scopes", "POST", "/auth/tokens", "{'name': 'b', 'scopes': []}", 422,
        "{'errors': [{'type': 'list_too_short', 'loc': ['body', 'scopes']}]}"},
    {"an unknown scope", "POST", "/auth/tokens", "{'name': 'b', 'scopes': ['sni:read', 'x']}", 422,
        "{'errors': [{'type': 'enum', 'loc': ['body', 'scopes', 1]}]}"},
    {"a scope twice", "POST", "/auth/tokens", "{'name': 'b', 'scopes': ['*', '*']}", 422,
        "{'code': 'input', 'detail': 'A scope is named twice: *',"
        " 'errors': [{'type': 'list_type', 'loc': ['body', 'scopes'], 'input': ['*', '*']}]}"},
    {"an end in the past", "POST", "/auth/tokens",
        "{'name': 'b', 'scopes': ['*'], 'expires_at': '2020-01-01T00:00:00Z'}", 422,
        "{'code': 'input', 'errors': [{'type': 'greater_than_equal', 'loc': ['body', 'expires_at'],"
        " 'msg': 'expires_at is in the past', 'input': '2020-01-01T00:00:00Z'}]}"},
    {"a line break in a name", "POST", "/auth/tokens", "{'name': 'b\\n', 'scopes': ['*']}", 422,
        "{'errors': [{'loc': ['body', 'name']}]}"},
    {"a name that begins with a space", "POST", "/auth/tokens", "{'name': ' bot', 'scopes': ['*']}",
        422,
        "{'code': 'input', 'detail': 'A name must neither begin nor end with a space',"
        " 'errors': [{'type': 'string_pattern', 'loc': ['body', 'name'], 'input': ' bot'}]}"},
    {"a name that ends with one", "POST", "/auth/tokens", "{'name': 'bot ', 'scopes': ['*']}", 422,
        "{'code': 'input', 'detail': 'A name must neither begin nor end with a space'}"},
    {"nothing but a space", "POST", "/auth/tokens", "{'name': ' ', 'scopes': ['*']}", 422,
        "{'code': 'input', 'detail': 'A name must neither begin nor end with a space'}"},
    {"no name", "POST", "/auth/tokens", "{'name': '', 'scopes': ['*']}", 422,
        "{'errors': [{'loc': ['body', 'name']}]}"},
    {"the name of the bootstrap token", "POST", "/auth/tokens",
        "{'name': 'bootstrap', 'scopes': ['*']}", 409, "{'code': 'token_name_exists'}"},
    {"people", CALL_SQL,
        "insert into tg_user (telegram_id, role) values (20, 'admin'), (30, 'superadmin')"},
    {"no token for an admin, whom it would not bind", "POST", "/auth/tokens",
        "{'name': 'b', 'scopes': ['*']}", 403,
        "{'code': 'rank', 'detail': 'Superadmin role required'}",
        .send = "X-Actor-Telegram-Id: 20"},
    {"nor the list of them", "GET", "/auth/tokens", NULL, 403, "{'code': 'rank'}",
        .send = "X-Actor-Telegram-Id: 20"},
    {"a superadmin sees them", "GET", "/auth/tokens?limit=1", NULL, 200, "[{'name': 'a'}]",
        .send = "X-Actor-Telegram-Id: 30"},
    {"newest first", "GET", "/auth/tokens?limit=1", NULL, 200, "[{'name': 'a'}]"},
    {"the next page", "GET", CALL_NEXT, NULL, 200, "[{'name': 'guest'}]"},
    {"and the last", "GET", CALL_NEXT, NULL, 200, "[{'name': 'bot'}]"},
    {"a place in another list", "GET", "/auth/tokens?cursor=" NUMBER_CURSOR, NULL, 200, "[]"},
    {"a known one", CALL_SQL,
        "insert into api_token (id, name, token_hash, scopes) values"
        " ('00000000-0000-4000-8000-000000000001', 'known', 'x', '[\"users:read\"]')"},
    {"rotate more than one holds", "POST", KNOWN "/rotate", "{}", 403, "{'code': 'scope_not_held'}",
        .scopes = "tokens:write"},
    {"rotate", "POST", KNOWN "/rotate", "{'overlap_seconds': 60}", 201,
        "{'token_meta': {'name': 'known', 'scopes': ['users:read'], 'status': 'active'}}",
        "Cache-Control: no-store"},
    {"the old one ends", "DELETE", KNOWN, NULL, 204, NULL},
    {"and again", "DELETE", KNOWN, NULL, 204, NULL},
    {"is on record once", CALL_SQL,
        "do $$ begin assert (select count(*) from audit_log where action = 'tokens.revoke') = 1;"
        " end $$"},
    {"its successor has the name", "POST", "/auth/tokens",
        "{'name': 'known', 'scopes': ['users:read']}", 409, "{'code': 'token_name_exists'}"},
    {"until that one is revoked", CALL_SQL,
        "update api_token set status = 'revoked'"
        " where name = 'known'"},
    {"then the name is free", "POST", "/auth/tokens", "{'name': 'known', 'scopes': ['users:read']}",
        201, "{'token_meta': {'name': 'known'}}"},
    {"one that has ended", CALL_SQL,
        "insert into api_token (id, name, token_hash, scopes, expires_at) values"
        " ('00000000-0000-4000-8000-000000000002', 'ended', 'y', '[\"users:read\"]',"
        " now() - interval '1 s')"},
    {"has no successor", "POST", "/auth/tokens/00000000-0000-4000-8000-000000000002/rotate", "{}",
        404, "{'code': 'token_not_found'}"},
    {"scopes are listed", "GET", "/auth/scopes", NULL, 200, ALL_SCOPES},
    {"rotate nobody", "POST", NOBODY "/rotate", "{}", 404, "{'code': 'token_not_found'}"},
    {"rotate for too long", "POST", NOBODY "/rotate", "{'overlap_seconds': 86401}", 422,
        "{'errors': [{'type': 'less_than_equal'}]}"},
    {"no UUID", "POST", "/auth/tokens/x/rotate", "{}", 422,
        "{'errors': [{'type': 'uuid_parsing', 'loc': ['path', 'id']}]}"},
    {"revoke nobody", "DELETE", NOBODY, NULL, 404, "{'code': 'token_not_found'}"},
    {"revoking needs a scope", "DELETE", NOBODY, NULL, 403, "{'code': 'scope'}",
        .scopes = "tokens:read"},
    {"a first time", "POST", "/auth/tokens", "{'name': 'once', 'scopes': ['*']}", 201, "{}",
        .send = "Idempotency-Key: 1"},
    {"the same again", "POST", "/auth/tokens", "{'name': 'once', 'scopes': ['*']}", 201,
        "{'token': null, 'token_meta': {'name': 'once'}}", "Idempotency-Replayed: true",
        .send = "Idempotency-Key: 1"},
    {"another with that key", "POST", "/auth/tokens", "{'name': 'two', 'scopes': ['*']}", 422,
        "{'code': 'idempotency_mismatch'}", .send = "Idempotency-Key: 1"},
    {"no key", "POST", "/auth/tokens", "{'name': 'two', 'scopes': ['*']}", 422,
        "{'errors': [{'type': 'string_pattern', 'loc': ['header', 'Idempotency-Key']}]}",
        .send = "Idempotency-Key: \x7f"},
};

/* -- features ------------------------------------------------------------------------------ */

static const struct call chain_calls[] = {
    {"chains can be had", "GET", "/auth/self", NULL, 200, "{'features': ['ws', 'chain']}"},
};

static const struct call no_chain_calls[] = {
    {"chains cannot be had", "GET", "/auth/self", NULL, 200, "{'features': ['ws']}"},
};

/* Of a chain the entry's keys count where its Xray ends the client's TLS, else the exit's. */
static void
run_feature_calls(void)
{
    struct settings settings;
    struct db db;

    database_init(&db);
    fixture_settings(&settings);
    settings.reality_public_key = "";
    run_calls_under(&handler_app, no_chain_calls, COUNT(no_chain_calls), &settings, &db);
    settings.reality_public_key_vps_t = KEY;
    run_calls_under(&handler_app, chain_calls, COUNT(chain_calls), &settings, &db);
    settings.entry_mode = ENTRY_XRAY;
    run_calls_under(&handler_app, no_chain_calls, COUNT(no_chain_calls), &settings, &db);
    settings.reality_public_key_vps_e = KEY;
    run_calls_under(&handler_app, chain_calls, COUNT(chain_calls), &settings, &db);
    db_free(&db);
}

int
main(void)
{
    run_calls(&handler_app, calls, COUNT(calls));
    run_feature_calls();
    run_scopes(&handler_app);
    return check_report("handlers/tokens");
}
