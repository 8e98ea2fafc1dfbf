/* A turn ends at its deadline, whatever the server does: slow, or not there to read. */
#include <libpq-fe.h>
#include <signal.h>
#include <string.h>

#include "db/db.h"
#include "harness/check.h"
#include "harness/database.h"

#define TURN_USEC (50 * USEC_MS)

static struct arena arena;
static struct db db;
static struct err err;

/* Ends one turn and begins the next, with this much time; 0 is no deadline. */
static void
turn(usec_t limit)
{
    arena_reset(&arena);
    db_turn(&db, &arena);
    db.deadline = limit == 0 ? 0 : time_monotonic() + limit;
}

static const struct query SLEEP = {.name = "sleep", .sql = "select pg_sleep($1::int / 1000.0)"};

static bool
sleep_ms(int64_t ms)
{
    return db_exec(&db, &SLEEP, DB_ARGS(arg_int(ms)), NULL, &err);
}

/* `size` bytes there; nothing back. */
static bool
send_text(size_t size)
{
    static const struct query TAKE = {
        .name = "take", .sql = "select where length($1) = $2::bigint"};
    char *text = memset(arena_alloc(&arena, size + 1), 'x', size);

    text[size] = '\0';
    return db_exec(&db, &TAKE, DB_ARGS(arg_text(text), arg_int((int64_t)size)), NULL, &err);
}

static void
test_statements_share_the_turns_time(void)
{
    turn(300 * USEC_MS);
    for (int i = 0; i < 100 && sleep_ms(20); i++)
        ;
    CHECK_INT(ERR_DATABASE_AWAY, err.code);
}

static void
test_the_next_turn_has_its_own_time(void)
{
    turn(TURN_USEC);
    CHECK(!sleep_ms(600));
    turn(0);
    CHECK(sleep_ms(100));
}

static void
test_what_a_turn_left_open_is_gone_after_its_deadline(void)
{
    turn(TURN_USEC);
    CHECK(db_begin(&db, &err) && !sleep_ms(600));
    turn(0);
    CHECK(sleep_ms(0));
    CHECK_INT(PQTRANS_IDLE, PQtransactionStatus(db.conn));
}

static void
test_more_than_a_socket_holds_arrives(void)
{
    turn(0);
    CHECK(send_text(8 << 20));
}

static void
test_a_server_that_does_not_read_holds_nobody(void)
{
    turn(0);
    CHECK(sleep_ms(0));
    pid_t backend = PQbackendPID(db.conn);

    CHECK_INT(0, kill(backend, SIGSTOP));
    turn(TURN_USEC);
    CHECK(!send_text(8 << 20));
    CHECK_INT(ERR_DATABASE_AWAY, err.code);
    CHECK_INT(0, kill(backend, SIGCONT));
    turn(0);
    CHECK(send_text(1));
}

struct text {
    const char *name;
};

static void
test_the_server_sees_which_program_asks(void)
{
    static const struct field fields[] = {F_TEXT(struct text, name, F_REQUIRED, 1, 64)};
    static const struct schema schema = SCHEMA(struct text, fields);
    static const struct query NAME = {.name = "application",
        .sql = "select current_setting('application_name') as name",
        .row = &schema};
    struct text text;

    turn(0);
    CHECK(db_one(&db, &NAME, DB_NO_ARGS, &text, &err));
    CHECK_STR("deadline_test", text.name);
}

int
main(void)
{
    database_init(&db);
    test_statements_share_the_turns_time();
    test_the_next_turn_has_its_own_time();
    test_what_a_turn_left_open_is_gone_after_its_deadline();
    test_more_than_a_socket_holds_arrives();
    test_a_server_that_does_not_read_holds_nobody();
    test_the_server_sees_which_program_asks();
    arena_reset(&arena);
    db_free(&db);
    return check_report("db/deadline");
}
