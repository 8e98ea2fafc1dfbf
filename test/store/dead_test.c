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
    const struct lease lease = {.node_id = NODE, .stream_id = 1, .lease_token = 3};
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
    const struct lease lease = {.node_id = NODE, .stream_id = 1, .lease_token = 3};
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

/* Another holds the node, or it has been deleted: its letters were closed with it. */
static void
test_whoever_has_lost_the_node_adds_nothing(void)
{
    static const struct query NODE_GONE = {
        .name = "node_gone", .sql = "delete from node_endpoint where id = '" NODE "'"};
    static const struct rejection late = {"late", 1, "bad_id", "x"};
    static const struct rejection *const told[] = {&late};
    const struct list list = {told, COUNT(told)};
    const struct lease former = {.node_id = NODE, .stream_id = 1, .lease_token = 2};
    const struct lease lease = {.node_id = NODE, .stream_id = 1, .lease_token = 3};
    int64_t before = rows(), news = 0;
    struct err err;

    CHECK(dead_insert(&db, &former, &list, &news, &err));
    CHECK_INT(0, news);
    CHECK(db_exec(&db, &NODE_GONE, DB_NO_ARGS, NULL, &err));
    CHECK(dead_insert(&db, &lease, &list, &news, &err));
    CHECK_INT(0, news);
    CHECK_INT(before, rows());
}

/* NODE, leased for the third time. */
static void
make_node(void)
{
    static const struct query NODE_MADE = {.name = "node_made",
        .sql = "with n as (insert into node_endpoint (id, role, name, base_url, public_ipv4,"
               " active) values ('" NODE "', 'VPS_T', 't', 'http://t', '192.0.2.1', true)"
               " returning id) insert into node_cursor (node_id, stream_id, lease_token)"
               " select id, 1, 3 from n"};
    struct err err;

    CHECK(db_exec(&db, &NODE_MADE, DB_NO_ARGS, NULL, &err));
}

int
main(void)
{
    database_init(&db);
    db_turn(&db, &arena);
    make_node();
    test_the_same_refusal_twice_is_one_row();
    test_what_applies_at_last_closes_all_before_it();
    test_whoever_has_lost_the_node_adds_nothing();
    arena_reset(&arena);
    db_free(&db);
    return check_report("store/dead");
}
