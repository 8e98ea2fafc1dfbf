/* What a node refuses, and the snapshots that it is sent. */
#include <event2/event.h>
#include <stdio.h>

#include "daemons/dispatcher/lab.h"
#include "harness/check.h"

/* -- what a node refuses ------------------------------------------------------------------- */

static void
test_a_rejected_key_is_dead_alone(void)
{
    char id[64];

    snprintf(id, sizeof(id), "%s", world_connection(20));
    node.refused = id;
    world_touch(20);
    world_touch(21);
    world_notify();
    CHECK(wait_for(21, 2));
    CHECK(wait_for_row("select count(*) = 1 from delivery_dead where state = 'dead'"
                       " and code = 'unknown_inbound' and gen is not null and ver = 2"));
    node.refused = NULL;
    world_touch(20);
    world_notify();
    CHECK(wait_for_row("select state = 'superseded' from delivery_dead"));
}

static void
test_a_poisoned_batch_is_cut_down_to_its_poison(void)
{
    char id[64];

    snprintf(id, sizeof(id), "%s", world_connection(30));
    node.poison = id;
    for (int n = 25; n < 35; n++)
        world_touch(n);
    world_notify();
    CHECK(wait_for(34, 2));
    CHECK(wait_for_row("select count(*) = 1 from delivery_dead where state = 'dead'"
                       " and code = 'malformed' and aggregate_id like '%0030'"));
    node.poison = NULL;
    CHECK_INT(1, (long long)fake_key(&node, world_connection(30))->ver);
}

static bool
has_reached(void *gen)
{
    return node.desired_gen >= *(const int64_t *)gen;
}

/* Who takes over must find it: the node's own generation says nothing of it. */
static void
test_a_dead_letter_is_on_record_before_its_event_is_passed(void)
{
    int64_t next = world_int("select gen + 1 from outbox_stream where stream_id = 1");
    char id[64];

    snprintf(id, sizeof(id), "%s", world_connection(36));
    node.poison = id;
    world_touch(36);
    world_notify();
    CHECK(wait_until(dispatcher.loop.base, has_reached, &next));
    CHECK_INT(1, world_int("select count(*) from delivery_dead where aggregate_id like '%%0036'"));
    CHECK(wait_for_row("select acked_gen = (select gen from outbox_stream where stream_id = 1)"
                       " from node_cursor"));
    CHECK_STR("", dispatcher.nodes->skip.aggregate_id);
    node.poison = NULL;
}

static void
test_a_component_that_the_node_does_not_run_is_no_dead_letter(void)
{
    int64_t dead = world_int("select count(*) from delivery_dead");
    char id[64];

    snprintf(id, sizeof(id), "%s", world_connection(37));
    node.refused = id;
    node.refused_code = "no_component";
    world_touch(37);
    world_touch(38);
    world_notify();
    CHECK(wait_for(38, 2));
    CHECK(wait_for_row("select acked_gen = (select gen from outbox_stream where stream_id = 1)"
                       " from node_cursor"));
    CHECK_INT(dead, world_int("select count(*) from delivery_dead"));
    node.refused = node.refused_code = NULL;
}

/* -- snapshots ----------------------------------------------------------------------------- */

static bool
has_begun(void *parts)
{
    return node.parts_seen > *(const int *)parts;
}

static void
test_a_snapshot_that_is_asked_for_during_another_is_sent_too(void)
{
    int commits = node.commits, parts = node.parts_seen;

    world_do("update node_cursor set want_snapshot = true");
    CHECK(wait_until(dispatcher.loop.base, has_begun, &parts));
    CHECK_INT(commits, node.commits);
    world_do("update node_cursor set want_snapshot = true");
    CHECK(wait_for_row("select not want_snapshot and epoch is not null from node_cursor"));
    CHECK_INT(commits + 2, node.commits);
}

static void
test_a_poisoned_snapshot_goes_without_its_poison(void)
{
    int commits = node.commits;
    char id[64];

    snprintf(id, sizeof(id), "%s", world_connection(2345));
    node.poison = id;
    world_do("update node_cursor set want_snapshot = true");
    CHECK(wait_for_row("select not want_snapshot and epoch is not null from node_cursor"));
    CHECK_INT(commits + 1, node.commits);
    CHECK(fake_key(&node, world_connection(2344)) != NULL);
    CHECK(fake_key(&node, id) == NULL);
    CHECK(fake_key(&node, world_connection(2346)) != NULL);
    CHECK(fake_key(&node, world_connection(4000)) != NULL);
    CHECK_INT(1,
        world_int("select count(*) from delivery_dead where state = 'dead'"
                  " and code = 'malformed' and aggregate_id = '%s'",
            id));
    node.poison = NULL;
}

int
main(void)
{
    set_up();
    world_issue_many(1, 40);
    world_issue_many(2001, 4000);
    CHECK(wait_for_row("select epoch is not null and acked_gen > 0 from node_cursor"));
    test_a_rejected_key_is_dead_alone();
    test_a_poisoned_batch_is_cut_down_to_its_poison();
    test_a_dead_letter_is_on_record_before_its_event_is_passed();
    test_a_component_that_the_node_does_not_run_is_no_dead_letter();
    test_a_snapshot_that_is_asked_for_during_another_is_sent_too();
    test_a_poisoned_snapshot_goes_without_its_poison();
    tear_down();
    return check_report("dispatcher/refused");
}
