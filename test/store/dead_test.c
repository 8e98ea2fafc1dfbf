#include "store/dead.h"

#include "harness/check.h"
#include "harness/database.h"

#define NODE "00000000-0000-4000-8000-0000000000e1"

static struct db db;
static struct arena arena;

static int64_t
rows(void)
{
    struct count {
        int64_t n;
    } count = {0};
    static const struct field fields[] = {F_INT(struct count, n, F_REQUIRED, 0, INT64_MAX)};
    static const struct schema schema = SCHEMA(struct count, fields);
    static const struct query COUNT_ROWS = {.name = "count_rows",
        .sql = "select count(*) as n from delivery_dead where state = 'dead'",
        .row = &schema};
    struct err err;

    CHECK(db_one(&db, &COUNT_ROWS, DB_NO_ARGS, &count, &err));
    return count.n;
}

/* What an agent says is input: it may say it twice. */
static void
test_the_same_refusal_twice_is_one_row(void)
{
    static const struct rejection a = {"a", 1, "bad_id", "x"}, b = {"b", 2, "bad_id", "x"};
    static const struct rejection *const told[] = {&a, &b, &a};
    const struct lease lease = {.node_id = NODE, .stream_id = 1};
    int64_t news = 0;
    struct err err;

    CHECK(dead_insert(&db, &lease, &(struct list){told, COUNT(told)}, &news, &err));
    CHECK_INT(2, news);
    CHECK_INT(2, rows());
    CHECK(dead_insert(&db, &lease, &(struct list){told, 1}, &news, &err));
    CHECK_INT(0, news);
    CHECK_INT(2, rows());
}

/* One that was refused is passed as well, but takes nobody's place. */
static void
test_what_applies_at_last_closes_all_before_it(void)
{
    static const struct query LOGGED = {.name = "logged",
        .sql = "insert into outbox_event (stream_id, gen, event_type, component, aggregate_id, ver,"
               " idempotency_key) select 1, n, 'UPSERT_USER', 'xray', 'k', n, n"
               " from generate_series(1, 3) n"};
    static const struct rejection one = {"k", 1, "bad_id", "x"}, two = {"k", 2, "bad_id", "x"};
    static const struct rejection *const told[] = {&one, &two};
    const struct lease lease = {.node_id = NODE, .stream_id = 1};
    int64_t before = rows(), count = 0;
    struct err err;

    CHECK(db_exec(&db, &LOGGED, DB_NO_ARGS, NULL, &err));
    CHECK(dead_insert(&db, &lease, &(struct list){told, COUNT(told)}, &count, &err));
    CHECK(dead_supersede(&db, &lease, "{\"xray\": 2}", &count, &err));
    CHECK_INT(0, count);
    CHECK(dead_supersede(&db, &lease, "{\"xray\": 3}", &count, &err));
    CHECK_INT(2, count);
    CHECK_INT(before, rows());
}

int
main(void)
{
    database_init(&db);
    db_turn(&db, &arena);
    test_the_same_refusal_twice_is_one_row();
    test_what_applies_at_last_closes_all_before_it();
    arena_reset(&arena);
    db_free(&db);
    return check_report("store/dead");
}
