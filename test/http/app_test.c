#include "http/app.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "harness/call.h"
#include "harness/check.h"
#include "harness/database.h"
#include "schema/schema.h"
#include "store/users.h"

/* -- an app that shows what the shared steps have made of a request -------------------------- */

struct note {
    int64_t actor_telegram_id;
    const char *text;
};

static const struct field note_fields[] = {
    F_INT(struct note, actor_telegram_id, F_OPTIONAL, 1, INT64_MAX),
    F_TEXT(struct note, text, F_REQUIRED, 1, 100),
};
static const struct schema note_schema = SCHEMA(struct note, note_fields);

struct view {
    int64_t actor;
    int64_t role;
    const char *text;
};

static const struct field view_fields[] = {
    F_INT(struct view, actor, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct view, role, F_REQUIRED, 0, 2),
    F_TEXT(struct view, text, F_NULLABLE, 0, INT32_MAX),
};
static const struct schema view_schema = SCHEMA(struct view, view_fields);

struct page_query {
    int64_t limit;
};

static const struct field page_fields[] = {
    F_INT(struct page_query, limit, F_OPTIONAL, 1, 10),
};
static const struct schema page_schema = SCHEMA(struct page_query, page_fields);

static bool
show(struct req *req, struct err *err)
{
    const struct actor *actor = &req->turn.actor;

    (void)err; /* nothing can go wrong */
    return reply(req, &(struct view){actor->telegram_id, actor->role, req->args[0].text});
}

static bool
take(struct req *req, struct err *err)
{
    const struct note *note = req->in;
    const struct actor *actor = &req->turn.actor;

    (void)err; /* nothing can go wrong */
    reply_header(req, "X-Place", "here");
    return reply(req, &(struct view){actor->telegram_id, actor->role, note->text});
}

static const struct query ADD_USER = {
    .name = "test_add_user",
    .sql = "insert into tg_user (telegram_id, role, devices_max, entitlement_status, created_at,"
           " updated_at) select 100 + count(*), 'user', 5, 'active', now(), now() from tg_user",
};

static bool
add_user(struct req *req, struct err *err)
{
    struct db *db = req->turn.db;

    return db_begin(db, err) && db_exec(db, &ADD_USER, DB_NO_ARGS, NULL, err) && db_commit(db, err);
}

/* Fails as often as its path says, each time after it has written. */
static bool
fail_first(struct req *req, struct err *err)
{
    int *tries = req->state;

    reply_header(req, "X-Try", "one");
    if (!db_begin(req->turn.db, err) || !db_exec(req->turn.db, &ADD_USER, DB_NO_ARGS, NULL, err))
        return false;
    if ((*tries)++ < req->args[0].number)
        return err_set(err, ERR_RETRY);
    return db_commit(req->turn.db, err) && reply_empty(req);
}

static bool
add_and_fail(struct req *req, struct err *err)
{
    return add_user(req, err) && err_set(err, ERR_CONFLICT);
}

static bool
add_and_answer(struct req *req, struct err *err)
{
    return add_user(req, err) && take(req, err);
}

static bool
add_secretly(struct req *req, struct err *err)
{
    static const char body[] = "{\"id\":\"7\",\"part\":{\"id\":\"8\",\"key\":\"sesame\"}}";

    return add_user(req, err) && reply_bytes(req, "application/json", body, strlen(body));
}

static bool
show_ids(struct req *req, struct err *err)
{
    (void)err; /* nothing can go wrong */
    return reply(req,
        &(struct view){.text = arena_printf(req->arena, "%s %s %s", req_kept_id(req, NULL),
                           req_kept_id(req, "part"), req_kept_id(req, "x") == NULL ? "-" : "?")});
}

static bool
break_it(struct req *req, struct err *err)
{
    (void)req; /* the prototype is the route's */
    return err_say(err, ERR_INTERNAL, "select secret from somewhere");
}

static const struct route routes[] = {
    {"GET", "/open/{text}", "", show, 200, .answer = &view_schema},
    {"GET", "/{telegram_id:int}", "users:read", show, 200, .answer = &view_schema},
    {"GET", "/any/{text}", "any", show, 200, .answer = &view_schema},
    {"GET", "/both/{text}", "users:write users:role", show, 200, .answer = &view_schema},
    {"GET", "/uuid/{id:uuid}", "users:read", show, 200, .answer = &view_schema},
    {"GET", "/page/{n}", "users:read", show, 200, .query = &page_schema, .answer = &view_schema},
    {"POST", "/take", "users:write", take, 201, .body = &note_schema, .answer = &view_schema},
    {"POST", "/add", "users:write", add_and_answer, 201, .body = &note_schema,
        .answer = &view_schema},
    {"POST", "/fail", "users:write", add_and_fail, 201},
    {"POST", "/secret", "users:write", add_secretly, 201, SECRET, .body = &note_schema,
        .answer = &view_schema, .again = show_ids},
    {"POST", "/retry/{times:int}", "users:write", fail_first, 204},
    {"GET", "/broken/it", "users:read", break_it, 200},
};
static const struct app app = {"test", "/users", routes, COUNT(routes)};

static const struct query ADD_ACTORS = {
    .name = "test_add_actors",
    .sql = "insert into tg_user (telegram_id, role, devices_max, entitlement_status, created_at,"
           " updated_at, bot_blocked_until) values"
           " (7, 'admin', 5, 'active', now(), now(), null),"
           " (8, 'user', 5, 'active', now(), now(), now() + interval '1 hour'),"
           " (9, 'user', 5, 'active', now(), now(), now() - interval '1 hour')",
};

static const struct call calls[] = {
    {"no route", "GET", "/users/nowhere/x", NULL, 404, "{'code': 'not_found', 'status': 404}"},
    {"another prefix", "GET", "/usersopen/x", NULL, 404, "{'code': 'not_found'}"},
    {"another method", "DELETE", "/users/take", NULL, 405, "{'code': 'method_not_allowed'}",
        "Allow: GET, HEAD, POST"},
    {"HEAD where GET is", "DELETE", "/users/open/x", NULL, 405, "{}", "Allow: GET, HEAD"},
    {"an id is echoed", "GET", "/users/open/x", NULL, 200, "{'text': 'x'}", "X-Request-Id: test-1"},

    {"public", "GET", "/users/open/x", NULL, 200, "{}", .scopes = "none"},
    {"no token", "GET", "/users/7", NULL, 401, "{'detail': 'Missing API token'}",
        "WWW-Authenticate: Bearer", .scopes = "none"},
    {"any token", "GET", "/users/any/x", NULL, 200, "{}", .scopes = ""},
    {"but one", "GET", "/users/any/x", NULL, 401, "{'code': 'token'}", .scopes = "none"},
    {"too little", "GET", "/users/both/x", NULL, 403,
        "{'detail': 'Insufficient API token scope, required: users:write users:role'}",
        .scopes = "users:rw"},
    {"enough", "GET", "/users/both/x", NULL, 200, "{}", .scopes = "users:rw users:role"},

    {"no type", "POST", "/users/take", "{'text': 'a'}", 201, "{}", .type = ""},
    {"JSON in other letters", "POST", "/users/take", "{'text': 'a'}", 201, "{}",
        .type = "Application/Json ; charset=\"UTF-8\""},
    {"another charset", "POST", "/users/take", "{'text': 'a'}", 415, "{'code': 'media_type'}",
        .type = "application/json; charset=utf-16"},
    {"a charset like it", "POST", "/users/take", "{'text': 'a'}", 415, "{}",
        .type = "application/json; charset=utf-80"},
    {"a form", "POST", "/users/take", "{'text': 'a'}", 415, "{}",
        .type = "application/x-www-form-urlencoded"},
    {"a type that begins so", "POST", "/users/take", "{'text': 'a'}", 415, "{}",
        .type = "application/jsonp"},
    {"encoded", "POST", "/users/take", "{'text': 'a'}", 415, "{'code': 'media_type'}",
        .send = "Content-Encoding: gzip"},
    {"not encoded", "POST", "/users/take", "{'text': 'a'}", 201, "{}",
        .send = "Content-Encoding: identity"},

    {"a UUID without hyphens", "GET", "/users/uuid/00000000000040008000000000000ABC", NULL, 200,
        "{'text': '00000000-0000-4000-8000-000000000abc'}"},
    {"no UUID", "GET", "/users/uuid/x", NULL, 422,
        "{'errors': [{'type': 'uuid_parsing', 'loc': ['path', 'id'], 'input': 'x'}]}"},
    {"no number", "GET", "/users/x", NULL, 422,
        "{'errors': [{'type': 'int_parsing', 'loc': ['path', 'telegram_id']}]}"},
    {"a parameter twice", "GET", "/users/page/x?limit=1&limit=1", NULL, 422,
        "{'errors': [{'type': 'int_parsing', 'loc': ['query', 'limit']}]}"},
    {"other parameters do not matter", "GET", "/users/page/x?a=1&a=2&limit=3", NULL, 200, "{}"},
    {"a broken escape", "GET", "/users/page/x?limit=%zz", NULL, 400, "{'code': 'bad_request'}"},

    {"nobody", "POST", "/users/take", "{'text': 'a'}", 201, "{'actor': 0, 'role': 0}"},
    {"an actor in the header", "POST", "/users/take", "{'text': 'a'}", 201,
        "{'actor': 7, 'role': 1}", .send = "X-Actor-Telegram-Id: 7"},
    {"an actor in the body", "POST", "/users/take", "{'text': 'a', 'actor_telegram_id': 7}", 201,
        "{'actor': 7, 'role': 1}"},
    {"twice the same", "POST", "/users/take", "{'text': 'a', 'actor_telegram_id': 7}", 201,
        "{'actor': 7}", .send = "X-Actor-Telegram-Id: 7"},
    {"two actors", "POST", "/users/take", "{'text': 'a', 'actor_telegram_id': 7}", 400,
        "{'code': 'actor_mismatch'}", .send = "X-Actor-Telegram-Id: 9"},
    {"an unknown actor", "GET", "/users/7", NULL, 403,
        "{'code': 'actor_not_found', 'detail': 'Actor not found'}",
        .send = "X-Actor-Telegram-Id: 6"},
    {"no actor's number", "GET", "/users/7", NULL, 422,
        "{'errors': [{'type': 'int_parsing', 'loc': ['header', 'X-Actor-Telegram-Id']}]}",
        .send = "X-Actor-Telegram-Id: x"},
    {"nor 0", "GET", "/users/7", NULL, 422, "{'errors': [{'type': 'greater_than_equal'}]}",
        .send = "X-Actor-Telegram-Id: 0"},
    {"public routes have none", "GET", "/users/open/x", NULL, 200, "{'actor': 0}",
        .send = "X-Actor-Telegram-Id: x"},
    {"a blocked one reads himself", "GET", "/users/8", NULL, 200, "{'actor': 8}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"nobody else", "GET", "/users/9", NULL, 403, "{'code': 'user_blocked'}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"and changes nothing", "POST", "/users/take", "{'text': 'a'}", 403, "{'code': 'user_blocked'}",
        .send = "X-Actor-Telegram-Id: 8"},
    {"a block ends by itself", "GET", "/users/7", NULL, 200, "{'actor': 9}",
        .send = "X-Actor-Telegram-Id: 9"},

    {"what went wrong is not shown", "GET", "/users/broken/it", NULL, 500,
        "{'code': 'internal', 'detail': 'Internal error', 'request_id': 'test-1'}"},

    {"a key", "POST", "/users/add", "{'text': 'a'}", 201, "{'text': 'a'}", "X-Place: here",
        .send = "Idempotency-Key: 1"},
    {"again", "POST", "/users/add", "{'text': 'a'}", 201, "{'text': 'a'}", "X-Place: here",
        .send = "Idempotency-Key: 1"},
    {"says so", "POST", "/users/add", "{'text': 'a'}", 201, "{'text': 'a'}",
        "Idempotency-Replayed: true", .send = "idempotency-key: 1"},
    {"another body", "POST", "/users/add", "{'text': 'b'}", 422, "{'code': 'idempotency_mismatch'}",
        .send = "Idempotency-Key: 1"},
    {"another path", "POST", "/users/take", "{'text': 'a'}", 422,
        "{'code': 'idempotency_mismatch'}", .send = "Idempotency-Key: 1"},
    {"a refusal is not kept", "POST", "/users/fail", NULL, 409, "{'code': 'conflict'}",
        .send = "Idempotency-Key: 2"},
    {"its key is free", "POST", "/users/take", "{'text': 'a'}", 201, "{}",
        .send = "Idempotency-Key: 2"},
    {"a secret", "POST", "/users/secret", "{'text': 'a'}", 201, "{'part': {'key': 'sesame'}}",
        "Cache-Control: no-store", .send = "Idempotency-Key: 3"},
    {"its ids are kept", "POST", "/users/secret", "{'text': 'a'}", 201, "{'text': '7 8 -'}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: 3"},
    {"a key of 129", "POST", "/users/take", "{'text': 'a'}", 422,
        "{'errors': [{'type': 'string_too_long', 'loc': ['header', 'Idempotency-Key']}]}",
        .send = "Idempotency-Key: 123456789012345678901234567890123456789012345678901234567890123"
                "456789012345678901234567890123456789012345678901234567890123456789"},
    {"a key that is no text", "POST", "/users/take", "{'text': 'a'}", 422,
        "{'errors': [{'type': 'string_pattern', 'input': 'a\x7f('}]}",
        .send = "Idempotency-Key: a\xc3\x28"},
    {"GET has no key", "GET", "/users/7", NULL, 200, "{}", .send = "Idempotency-Key: \x01"},
};

/* Of what is replayed the actor is asked again. The call has one header, so he is in the body. */
static const struct call replays[] = {
    {"an actor's change", "POST", "/users/add", "{'text': 'a', 'actor_telegram_id': 9}", 201,
        "{'actor': 9}", .send = "Idempotency-Key: 21"},
    {"again", "POST", "/users/add", "{'text': 'a', 'actor_telegram_id': 9}", 201, "{'actor': 9}",
        "Idempotency-Replayed: true", .send = "Idempotency-Key: 21"},
    {"a secret of his", "POST", "/users/secret", "{'text': 'a', 'actor_telegram_id': 9}", 201, "{}",
        .send = "Idempotency-Key: 22"},
    {"he is blocked", CALL_SQL,
        "update tg_user set bot_blocked_until = now() + interval '1 h' where telegram_id = 9"},
    {"gets nothing any more", "POST", "/users/add", "{'text': 'a', 'actor_telegram_id': 9}", 403,
        "{'code': 'user_blocked'}", .send = "Idempotency-Key: 21"},
    {"no secret either", "POST", "/users/secret", "{'text': 'a', 'actor_telegram_id': 9}", 403,
        "{'code': 'user_blocked'}", .send = "Idempotency-Key: 22"},
    {"but his key is taken", "POST", "/users/add", "{'text': 'b', 'actor_telegram_id': 9}", 422,
        "{'code': 'idempotency_mismatch'}", .send = "Idempotency-Key: 21"},
    {"he is gone", CALL_SQL, "delete from tg_user where telegram_id = 9"},
    {"and gets nothing", "POST", "/users/add", "{'text': 'a', 'actor_telegram_id': 9}", 403,
        "{'code': 'actor_not_found'}", .send = "Idempotency-Key: 21"},
    {"a new key tells him the same", "POST", "/users/add", "{'text': 'a', 'actor_telegram_id': 9}",
        403, "{'code': 'actor_not_found'}", .send = "Idempotency-Key: 23"},
};

/* -- a family that wants rank -------------------------------------------------------------- */

static const struct route ranked_routes[] = {
    {"GET", "/any/{text}", "any", show, 200, .answer = &view_schema},
    {"GET", "/{text}", "nodes:read", show, 200, .answer = &view_schema},
    {"POST", "/take", "nodes:write", take, 201, .body = &note_schema, .answer = &view_schema},
};
static const struct app ranked = {"ranked", "/ranked", ranked_routes, COUNT(ranked_routes),
    .rank = ROLE_ADMIN, .stranger = ERR_ACTOR_MISSING};

static const struct call ranked_calls[] = {
    {"a token alone", "GET", "/ranked/x", NULL, 200, "{'actor': 0}"},
    {"an admin", "GET", "/ranked/x", NULL, 200, "{'actor': 7}", .send = "X-Actor-Telegram-Id: 7"},
    {"a user", "GET", "/ranked/x", NULL, 403, "{'code': 'rank', 'detail': 'Admin role required'}",
        .send = "X-Actor-Telegram-Id: 9"},
    {"a user in the body", "POST", "/ranked/take", "{'text': 'a', 'actor_telegram_id': 9}", 403,
        "{'code': 'rank'}"},
    {"who is blocked hears of that first", "GET", "/ranked/x", NULL, 403,
        "{'code': 'user_blocked'}", .send = "X-Actor-Telegram-Id: 8"},
    {"what a token is, anybody may ask", "GET", "/ranked/any/x", NULL, 200, "{'actor': 9}",
        .send = "X-Actor-Telegram-Id: 9"},
    {"a stranger", "GET", "/ranked/x", NULL, 404,
        "{'code': 'actor_not_found', 'detail': 'Actor not found'}",
        .send = "X-Actor-Telegram-Id: 6"},
    {"a change with a key", "POST", "/ranked/take", "{'text': 'a', 'actor_telegram_id': 7}", 201,
        "{'actor': 7}", .send = "Idempotency-Key: 31"},
    {"rank is lost", CALL_SQL, "update tg_user set role = 'user' where telegram_id = 7"},
    {"and what it brought with it", "POST", "/ranked/take", "{'text': 'a', 'actor_telegram_id': 7}",
        403, "{'code': 'rank'}", .send = "Idempotency-Key: 31"},
};

/* -- what a table cannot say ----------------------------------------------------------------- */

struct count {
    int64_t n;
};

static int64_t
number(struct db *db, const char *sql)
{
    static const struct field fields[] = {F_INT(struct count, n, F_REQUIRED, 0, INT64_MAX)};
    static const struct schema schema = SCHEMA(struct count, fields);
    const struct query query = {.name = sql, .sql = sql, .plan = PLAN_CUSTOM, .row = &schema};
    struct arena arena = {0};
    struct count count = {-1};
    struct err err;

    db_turn(db, &arena);
    CHECK(db_one(db, &query, DB_NO_ARGS, &count, &err));
    arena_reset(&arena);
    return count.n;
}

static int
post_at(struct db *db, const char *path, int *tries, usec_t started_at)
{
    struct arena arena = {0};
    struct req req = {.arena = &arena,
        .turn = {.db = db,
            .actor = {.token_id = "00000000-0000-0000-0000-000000000000",
                .token_name = "test",
                .scopes = "*"}},
        .state = tries,
        .method = "POST",
        .path = path,
        .query_text = "",
        .content_type = "",
        .body = "",
        .started_at = started_at};

    app_serve(&app, &req);
    int status = req.answer.status;
    CHECK((status == 503 && *tries == 0) == (req.failed == ERR_LATE));
    int headers = (int)req.answer.header_count;
    CHECK(status == 204 ? headers == 2 : headers >= (status == 422 ? 1 : 2));
    app_finish(&req);
    return status;
}

static int
post(struct db *db, const char *path, int *tries)
{
    return post_at(db, path, tries, time_monotonic());
}

static void
test_what_took_all_its_time_to_read_is_not_begun(struct db *db)
{
    usec_t long_ago = time_monotonic() - (REQUEST_MS + 1) * USEC_MS;
    int tries = 0;

    CHECK_INT(503, post_at(db, "/users/retry/1", &tries, long_ago));
    CHECK_INT(0, tries);
    CHECK_INT(422, post_at(db, "/users/retry/x", &tries, long_ago));
}

static void
test_a_route_that_collides_runs_again_from_the_start(struct db *db)
{
    int tries = 0;

    CHECK_INT(204, post(db, "/users/retry/2", &tries));
    CHECK_INT(3, tries);
    CHECK_INT(1, number(db, "select count(*) as n from tg_user"));
}

static void
test_it_gives_up_after_some(struct db *db)
{
    int tries = 0;

    CHECK_INT(503, post(db, "/users/retry/100", &tries));
    CHECK_INT(4, tries);
    CHECK_INT(1, number(db, "select count(*) as n from tg_user"));
}

static void
execute(struct db *db, const struct query *query)
{
    struct arena arena = {0};
    struct err err;

    db_turn(db, &arena);
    CHECK(db_exec(db, query, DB_NO_ARGS, NULL, &err));
    arena_reset(&arena);
}

/* Another session holds the key's lock, as the first request does while it runs. */
static void
test_a_key_in_use_is_told(struct db *db)
{
    static const struct query HOLD = {.name = "hold",
        .sql = "select pg_advisory_lock(hashtextextended("
               "'00000000-0000-0000-0000-000000000000 9', 73284924))"};
    static const struct call call = {"a key that runs", "POST", "/users/take", "{'text': 'a'}", 409,
        "{'code': 'idempotency_running'}", .send = "Idempotency-Key: 9"};
    struct db other;

    db_init(&other, db->conninfo);
    execute(&other, &HOLD);
    run_calls_on(&app, &call, 1, db);
    db_free(&other);
}

static void
test_the_shared_steps(struct db *db)
{
    execute(db, &ADD_ACTORS);
    run_calls_on(&app, calls, COUNT(calls), db);
    /* each key once: "1" and "3"; what was refused is rolled back */
    CHECK_INT(3 + 2, number(db, "select count(*) as n from tg_user"));
    CHECK_INT(
        0, number(db, "select count(*) as n from idempotency where answer::text like '%sesame%'"));
    run_calls_on(&app, replays, COUNT(replays), db);
}

static void
test_a_family_that_wants_rank(struct db *db)
{
    execute(db, &ADD_ACTORS);
    run_calls_on(&ranked, ranked_calls, COUNT(ranked_calls), db);
}

int
main(void)
{
    struct db db;

    database_init(&db);
    test_the_shared_steps(&db);
    test_a_key_in_use_is_told(&db);
    db_free(&db);
    database_init(&db);
    test_a_family_that_wants_rank(&db);
    db_free(&db);
    database_init(&db);
    test_what_took_all_its_time_to_read_is_not_begun(&db);
    test_a_route_that_collides_runs_again_from_the_start(&db);
    test_it_gives_up_after_some(&db);
    db_free(&db);
    return check_report("http/app");
}
