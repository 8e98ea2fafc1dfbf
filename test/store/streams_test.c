/* The newest event of each key: what a batch is made of. */
#include "store/streams.h"

#include "base/str.h"
#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

/* Numbered events of the stream of VPS_T, in the order given: component and key. */
static void
logged(const char *const events[][2], size_t count)
{
    fixture_turn(&fixture);
    fixture_exec(&fixture, "delete from outbox_event", NULL);
    for (size_t i = 0; i < count; i++)
        fixture_exec(&fixture,
            "insert into outbox_event (stream_id, gen, event_type, component, aggregate_id, ver,"
            " idempotency_key) select 1, g::bigint, 'UPSERT_USER', c, a, g::bigint, g from"
            " (select split_part($1, ' ', 1), split_part($1, ' ', 2), split_part($1, ' ', 3))"
            " as e (g, c, a)",
            arena_printf(&fixture.arena, "%zu %s %s", i + 1, events[i][0], events[i][1]));
}

/* What is given for so many keys, as "component/key gen ..."; then how far it reaches. */
static const char *
newest(int64_t keys)
{
    const struct log_range range = {.stream_id = 1, .after = 0, .to = 100, .keys = keys};
    const char *text = "";
    struct list events;

    CHECK(log_newest(&fixture.db, &range, &events, &fixture.err));
    const struct log_event *all = events.at;
    for (size_t i = 0; i < events.count; i++)
        text = arena_printf(&fixture.arena, "%s%s/%s %d ", text, all[i].component,
            all[i].aggregate_id, (int)all[i].gen);
    return events.count == 0 ? text
                             : arena_printf(&fixture.arena, "%s<= %d", text, (int)all[0].upto);
}

static void
test_the_newest_of_each_key_stands_for_the_others(void)
{
    static const char *const events[][2] = {
        {"xray", "a"}, {"xray", "b"}, {"xray", "a"}, {"wireguard", "wg:c"}, {"xray", "b"}};

    logged(events, COUNT(events));
    CHECK_STR("xray/a 3 wireguard/wg:c 4 xray/b 5 <= 5", newest(10));
    CHECK_STR("xray/b 2 xray/a 3 <= 3", newest(2));
}

/* A connection's id tells nothing of who serves it. */
static void
test_a_key_is_one_components(void)
{
    static const char *const events[][2] = {
        {"xray", "a"}, {"hysteria", "a"}, {"xray", "a"}, {"bundle", "a"}};

    logged(events, COUNT(events));
    CHECK_STR("hysteria/a 2 xray/a 3 bundle/a 4 <= 4", newest(10));
}

/* However far back one has to go, only they are read. */
static void
test_revocations_are_found_without_the_others(void)
{
    static const char many[] =
        "insert into outbox_event (stream_id, gen, event_type, component, aggregate_id, ver,"
        " idempotency_key, revokes) select 1, n, 'UPSERT_USER', 'xray', n, 1, n, n % 1000 = 0"
        " from generate_series(1, $1::int) n";
    static const char read_only_them[] =
        "do $$ declare line text; begin"
        " for line in execute 'explain (analyze) execute log_revocations (1, 0, 1024)' loop"
        " assert line not like '%Rows Removed%', line; end loop; end $$";
    struct list revocations;

    fixture_turn(&fixture);
    fixture_exec(&fixture, "delete from outbox_event", NULL);
    fixture_exec(&fixture, many, "5000");
    fixture_exec(&fixture, "analyze outbox_event", NULL);
    CHECK(log_revocations(&fixture.db, 1, 0, 1024, &revocations, &fixture.err));
    CHECK_INT(5, (long long)revocations.count);
    CHECK(fixture_try(&fixture, read_only_them, NULL));
}

int
main(void)
{
    fixture_open(&fixture);
    test_the_newest_of_each_key_stands_for_the_others();
    test_a_key_is_one_components();
    test_revocations_are_found_without_the_others();
    fixture_close(&fixture);
    return check_report("store/streams");
}
