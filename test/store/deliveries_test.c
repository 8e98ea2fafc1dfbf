/* Pages of deliveries against what a view over everything would say. */
#include "store/deliveries.h"

#include <string.h>

#include "base/str.h"
#include "harness/check.h"
#include "harness/fixture.h"

#define T1 "00000000-0000-4000-8000-0000000000b1"
#define T2 "00000000-0000-4000-8000-0000000000b2"
#define E1 "00000000-0000-4000-8000-0000000000b3"

static struct fixture fixture;

static void
run(const char *sql)
{
    fixture_exec(&fixture, sql, NULL);
}

/* Two roles; two nodes of the first, one of which cannot be reached; seven keys; events of which
 * the last seven wait for a number; and refusals, some of which are closed. */
static void
set_up(void)
{
    fixture_open(&fixture);
    run("delete from node_endpoint");
    run("insert into node_endpoint (id, role, name, base_url, public_ipv4, active) values"
        " ('" T1 "', 'VPS_T', 't1', 'http://t1', '192.0.2.1', true),"
        " ('" T2 "', 'VPS_T', 't2', 'http://t2', '192.0.2.2', true),"
        " ('" E1 "', 'VPS_E', 'e1', 'http://e1', '192.0.2.3', true)");
    run("insert into outbox_event (id, stream_id, gen, event_type, component, aggregate_id, ver,"
        " idempotency_key, created_at) overriding system value"
        " select n, s, case when n <= 53 then (n + 1) / 2 end, 'UPSERT_USER', 'xray', 'k' || n % 7,"
        " n, 'x:VPS_T:' || n, now() - (100 - n) * interval '1 h'"
        " from generate_series(1, 60) n cross join lateral (select 2 - n % 2) x (s)");
    run("insert into node_cursor (node_id, stream_id, acked_gen, converged, fails) values"
        " ('" T1 "', 1, 20, '{\"xray\": 15}', 0), ('" T2 "', 1, 5, '{\"xray\": 5}', 3),"
        " ('" E1 "', 2, 26, '{\"xray\": 26}', 0)");
    run("insert into delivery_dead (node_id, gen, event_type, aggregate_id, ver, state)"
        " select n.node_id, e.gen, e.event_type, e.aggregate_id, e.ver,"
        " case e.id % 3 when 0 then 'superseded' else 'dead' end"
        " from outbox_event e join node_cursor n on n.stream_id = e.stream_id"
        " where e.gen % 4 = 0");
}

/* -- what should be there ------------------------------------------------------------------ */

struct wanted {
    int64_t id;
    const char *node_id;
    const char *status;
    bool applied;
};

static const struct field wanted_fields[] = {
    F_INT(struct wanted, id, F_REQUIRED, 1, INT64_MAX),
    F_UUID(struct wanted, node_id, F_REQUIRED),
    F_TEXT(struct wanted, status, F_REQUIRED, 1, 16),
    F_BOOL(struct wanted, applied, F_REQUIRED),
};
static const struct schema wanted_schema = SCHEMA(struct wanted, wanted_fields);

static const struct query WANTED = {
    .name = "wanted",
    .sql =
        "select * from (select e.id, n.node_id, e.gen, case when d.id is not null then 'dead'"
        " when e.gen <= n.acked_gen then 'sent' when n.fails > 0 then 'failed' else 'pending' end"
        " as status, coalesce(d.id is null and e.gen <= n.acked_gen"
        " and e.gen <= (n.converged ->> 'xray')::bigint, false) as applied"
        " from outbox_event e join node_cursor n on n.stream_id = e.stream_id"
        " left join delivery_dead d on d.node_id = n.node_id and d.aggregate_id = e.aggregate_id"
        " and d.ver = e.ver and d.state = 'dead'"
        " where ($1::uuid is null or n.node_id = $1)"
        " and ($2::text is null or e.aggregate_id = $2)) w"
        " where $3::text is null or status = $3 order by id desc, node_id",
    .plan = PLAN_CUSTOM,
    .row = &wanted_schema,
};

static const char *const names[] = {"pending", "sent", "failed", "dead"};

static struct list
wanted(const struct sendings_query *in)
{
    struct list rows = {NULL, 0};
    bool one = in->present >> SENDINGS_STATUS & 1;

    CHECK(db_all(&fixture.db, &WANTED,
        DB_ARGS(arg_text(in->node_id), arg_text(in->aggregate_id),
            arg_text(one ? names[in->status] : NULL)),
        &rows, &fixture.err));
    return rows;
}

/* -- pages --------------------------------------------------------------------------------- */

static bool
is_same(const struct wanted *want, const struct sending_row *have)
{
    return want->id == have->outbox_event_id && str_eq(want->node_id, have->node_id) &&
        str_eq(want->status, names[have->status]) && want->applied == have->applied;
}

/* Page after page, all rows in their order. */
static void
check_pages(struct sendings_query in)
{
    fixture_turn(&fixture);
    struct list want = wanted(&in), page = {NULL, 0};
    const struct wanted *rest = want.at;
    size_t seen = 0, wrong = 0;

    do {
        if (!CHECK(sendings_list(&fixture.db, &in, &page, &fixture.err)))
            return;
        const struct sending_row *rows = page.at;
        size_t shown = page.count > (size_t)in.limit ? (size_t)in.limit : page.count;
        for (size_t i = 0; i < shown && seen < want.count; i++)
            wrong += !is_same(&rest[seen++], &rows[i]);
        if (shown > 0)
            in.cursor = sending_cursor(&rows[shown - 1], &fixture.arena);
    } while (page.count > (size_t)in.limit);
    CHECK(wrong == 0);
    CHECK(seen == want.count);
}

static void
check_statuses(struct sendings_query in)
{
    static const int64_t limits[] = {1, 3, 200};

    for (size_t i = 0; i < COUNT(limits); i++) {
        in.limit = limits[i];
        in.present = 0;
        check_pages(in);
        in.present = 1 << SENDINGS_STATUS;
        for (in.status = 0; in.status < (int)COUNT(names); in.status++)
            check_pages(in);
    }
}

static void
test_pages_of_a_node_are_all_of_its_log(void)
{
    check_statuses((struct sendings_query){.node_id = T1});
    check_statuses((struct sendings_query){.node_id = T2});
    check_statuses((struct sendings_query){.node_id = E1});
}

static void
test_pages_of_a_key_are_all_of_its_events(void)
{
    check_statuses((struct sendings_query){.aggregate_id = "k3"});
    check_statuses((struct sendings_query){.aggregate_id = "k3", .node_id = T2});
    check_statuses((struct sendings_query){.aggregate_id = "none"});
}

/* The log is dropped by its age, so what is behind it is gone as well. */
static void
test_a_place_that_was_dropped_is_the_end(void)
{
    const struct sendings_query in = {.limit = 3, .node_id = T1, .cursor = {19, T1}};
    struct list page;

    run("delete from outbox_event where id < 20");
    fixture_turn(&fixture);
    CHECK(sendings_list(&fixture.db, &in, &page, &fixture.err));
    CHECK(page.count == 0);
}

int
main(void)
{
    set_up();
    test_pages_of_a_node_are_all_of_its_log();
    test_pages_of_a_key_are_all_of_its_events();
    test_a_place_that_was_dropped_is_the_end();
    fixture_close(&fixture);
    return check_report("store/deliveries");
}
