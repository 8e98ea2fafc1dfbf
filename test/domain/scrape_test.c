#include "domain/scrape.h"

#include "harness/check.h"
#include "harness/fixture.h"
#include "schema/write.h"

static struct fixture fixture;

static const struct {
    const char *base_url, *want;
} nodes[] = {
    {"https://t1.example.net:8070",
        "{\"targets\":[\"t1.example.net:8070\"],\"labels\":"
        "{\"node\":\"t1\",\"role\":\"VPS_T\",\"__scheme__\":\"https\"}}"},
    {"HTTPS://t1.example.net/agent",
        "{\"targets\":[\"t1.example.net:443\"],\"labels\":"
        "{\"node\":\"t1\",\"role\":\"VPS_T\",\"__scheme__\":\"https\"}}"},
    {"http://192.0.2.1?x:1",
        "{\"targets\":[\"192.0.2.1:80\"],\"labels\":"
        "{\"node\":\"t1\",\"role\":\"VPS_T\",\"__scheme__\":\"http\"}}"},
    {"http://[2001:db8::1]/",
        "{\"targets\":[\"[2001:db8::1]:80\"],\"labels\":"
        "{\"node\":\"t1\",\"role\":\"VPS_T\",\"__scheme__\":\"http\"}}"},
    {"http://[2001:db8::1]:8070",
        "{\"targets\":[\"[2001:db8::1]:8070\"],\"labels\":"
        "{\"node\":\"t1\",\"role\":\"VPS_T\",\"__scheme__\":\"http\"}}"},
};

static void
test_a_target_is_where_the_agent_listens(void)
{
    struct list targets;

    for (size_t i = 0; i < COUNT(nodes); i++) {
        fixture_exec(
            &fixture, "update node_endpoint set name = 't1', base_url = $1", nodes[i].base_url);
        CHECK(scrape_targets(&fixture.turn, &targets, &fixture.err));
        if (CHECK_INT(1, (long long)targets.count))
            CHECK_STR(
                nodes[i].want, write_text(&scrape_target_schema, targets.at, fixture.turn.arena));
    }
}

static void
test_a_node_that_rests_is_none(void)
{
    struct list targets;

    fixture_exec(&fixture, "update node_endpoint set active = false", NULL);
    CHECK(scrape_targets(&fixture.turn, &targets, &fixture.err));
    CHECK_INT(0, (long long)targets.count);
}

int
main(void)
{
    fixture_open(&fixture);
    test_a_target_is_where_the_agent_listens();
    test_a_node_that_rests_is_none();
    fixture_close(&fixture);
    return check_report("domain/scrape");
}
