#include "domain/admission.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/token.h"
#include "domain/scopes.h"
#include "domain/tokens.h"
#include "harness/check.h"
#include "harness/database.h"

static struct arena arena, life;
static struct db db;
static struct err err;
static const struct settings settings = {.api_internal_token = "bootstrap-token-of-the-tests"};
static struct turn turn;

static void
next_turn(void)
{
    arena_reset(&arena);
    db_turn(&db, &arena);
    turn = (struct turn){.db = &db,
        .arena = &arena,
        .settings = &settings,
        .actor = {.request_id = "test-1", .token_name = "test", .scopes = "*"}};
}

/* A token with the scope users:read. */
static void
issue(const char *name, char text[TOKEN_TEXT_SIZE], char id[UUID_SIZE])
{
    static const int scopes[] = {1};
    const struct token_new in = {.name = name, .scopes = {scopes, 1}};
    struct token_issued issued;

    if (!CHECK(token_issue(&turn, &in, &issued, &err)))
        return;
    memcpy(text, issued.token, TOKEN_TEXT_SIZE);
    memcpy(id, issued.token_meta->id, UUID_SIZE);
    next_turn();
}

static void
execute(const char *sql)
{
    const struct query query = {.name = sql, .sql = sql, .plan = PLAN_CUSTOM};

    CHECK(db_exec(&db, &query, DB_NO_ARGS, NULL, &err));
    next_turn();
}

static bool
admits(struct admission *admission, const char *text)
{
    struct principal principal;
    bool found = admission_find(&turn, admission, text, &principal, &err);

    next_turn();
    return found;
}

static void
test_the_bootstrap_token_needs_no_database(struct admission *admission)
{
    struct principal principal;

    CHECK(admission_find(&turn, admission, settings.api_internal_token, &principal, &err));
    CHECK_STR("*", principal.scopes);
    CHECK_STR("00000000-0000-0000-0000-000000000000", principal.id);
    CHECK(db.conn == NULL);
}

static void
test_a_wrong_sum_is_refused_without_a_query(struct admission *admission)
{
    char text[TOKEN_TEXT_SIZE];

    token_make(text);
    text[5] = text[5] == 'A' ? 'B' : 'A';
    CHECK(!admits(admission, text));
    CHECK_INT(ERR_TOKEN, err.code);
    CHECK(!admits(admission, "tg_"));
    CHECK(db.conn == NULL);
}

static void
test_an_issued_token_is_admitted_with_its_scopes(struct admission *admission)
{
    char text[TOKEN_TEXT_SIZE], id[UUID_SIZE];
    struct principal principal;

    issue("plain", text, id);
    CHECK(admission_find(&turn, admission, text, &principal, &err));
    CHECK_STR("users:read", principal.scopes);
    CHECK_STR("plain", principal.name);
    CHECK_STR(id, principal.id);
    next_turn();
    CHECK(!admits(admission, "an old token without our form"));
    CHECK_INT(ERR_TOKEN, err.code);
}

/* What the database would say is not asked again, until it is changed through the rules. */
static void
test_an_answer_is_remembered_until_tokens_change(struct admission *admission)
{
    char text[TOKEN_TEXT_SIZE], id[UUID_SIZE];

    issue("remembered", text, id);
    CHECK(admits(admission, text));
    execute("update api_token set status = 'revoked' where name = 'remembered'");
    CHECK(admits(admission, text));
    CHECK(token_end(&turn, id, &err));
    next_turn();
    CHECK(!admits(admission, text));
}

static void
test_a_new_connection_remembers_nothing(struct admission *admission)
{
    char text[TOKEN_TEXT_SIZE], id[UUID_SIZE];

    issue("reconnected", text, id);
    CHECK(admits(admission, text));
    execute("update api_token set status = 'revoked' where name = 'reconnected'");
    db_free(&db);
    db_init(&db, database_conninfo());
    next_turn();
    CHECK(!admits(admission, text));
}

static void
test_nothing_is_remembered_beyond_its_end(struct admission *admission)
{
    char text[TOKEN_TEXT_SIZE], id[UUID_SIZE];

    issue("ending", text, id);
    execute("update api_token set expires_at = now() + interval '1 hour' where name = 'ending'");
    CHECK(admits(admission, text));
    execute("update api_token set expires_at = now() where name = 'ending'");
    execute("notify api_token");
    CHECK(!admits(admission, text));
}

static void
test_its_use_is_noted_once_a_minute(struct admission *admission)
{
    static const char spoil[] =
        "update api_token set last_used_at = now() - interval '10 s' where name = 'noted'";
    char text[TOKEN_TEXT_SIZE], id[UUID_SIZE];
    struct token token;
    usec_t first;

    issue("noted", text, id);
    CHECK(admits(admission, text));
    CHECK(token_get(&db, id, &token, &err) && token.last_used_at != USEC_NONE);
    execute(spoil);
    CHECK(token_get(&db, id, &token, &err));
    first = token.last_used_at;
    execute("notify api_token");
    CHECK(admits(admission, text));
    CHECK(token_get(&db, id, &token, &err));
    CHECK_INT(first, token.last_used_at);
}

static void
test_a_name_cannot_break_a_header(struct admission *admission)
{
    char text[TOKEN_TEXT_SIZE], id[UUID_SIZE];
    struct principal principal;

    issue("forged", text, id);
    execute("update api_token set name = E'a\\r\\nTG-Scopes: *' where name = 'forged'");
    execute("notify api_token");
    CHECK(admission_find(&turn, admission, text, &principal, &err));
    CHECK_STR("a  TG-Scopes: *", principal.name);
    next_turn();
}

int
main(void)
{
    struct admission *admission = admission_new(&settings, &life);

    database_init(&db);
    next_turn();
    test_the_bootstrap_token_needs_no_database(admission);
    test_a_wrong_sum_is_refused_without_a_query(admission);
    test_an_issued_token_is_admitted_with_its_scopes(admission);
    test_an_answer_is_remembered_until_tokens_change(admission);
    test_a_new_connection_remembers_nothing(admission);
    test_nothing_is_remembered_beyond_its_end(admission);
    test_its_use_is_noted_once_a_minute(admission);
    test_a_name_cannot_break_a_header(admission);
    arena_reset(&arena);
    arena_reset(&life);
    db_free(&db);
    return check_report("domain/admission");
}
