/* One dispatcher and one node: what comes when. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemons/dispatcher/lab.h"
#include "dispatcher/standing.h"
#include "harness/check.h"

/* The value of a series, from what Prometheus would read. */
static double
metric(const char *series)
{
    struct arena arena = {0};
    size_t size, length = strlen(series);
    double value = 0;

    for (const char *line = meters_text(&dispatcher, &arena, &size); line != NULL;) {
        if (strncmp(line, series, length) == 0 && line[length] == ' ')
            value = strtod(line + length, NULL);
        line = strchr(line, '\n');
        line += line != NULL ? 1 : 0;
    }
    arena_reset(&arena);
    return value;
}

/* -- snapshot and batches ------------------------------------------------------------------ */

static void
test_a_new_node_gets_a_snapshot_then_what_follows(void)
{
    world_issue_many(1, 1200);
    world_revoke(3);
    CHECK(wait_for_row("select epoch is not null and acked_gen > 0 from node_cursor"));
    CHECK_INT(1, node.commits);
    CHECK_INT(3, node.parts_seen);
    CHECK(fake_key(&node, world_connection(3)) == NULL);
    CHECK_INT(1199, (long long)node.count);
    world_issue(1201);
    world_notify();
    CHECK(wait_for(1201, 1));
    CHECK_INT(1, node.commits);
    CHECK_INT(0, node.gaps + node.fenced + node.too_old);
}

static void
test_a_payload_is_the_whole_truth(void)
{
    struct json_object *json = json_tokener_parse(fake_key(&node, world_connection(1201))->payload);
    struct json_object *credentials = json_object_object_get(json, "credentials");
    struct json_object *first = json_object_array_get_idx(credentials, 0);

    CHECK_INT(1, (long long)json_object_array_length(credentials));
    CHECK_STR("vless_reality", json_object_get_string(json_object_object_get(json, "protocol")));
    CHECK_STR("B1", json_object_get_string(json_object_object_get(json, "variant")));
    CHECK_STR(world_connection(1201),
        json_object_get_string(json_object_object_get(json, "connection_id")));
    CHECK_INT(
        20, (long long)strlen(json_object_get_string(json_object_object_get(json, "user_pid"))));
    CHECK_STR("xtls-rprx-vision", json_object_get_string(json_object_object_get(first, "flow")));
    CHECK_STR("www.example.org", json_object_get_string(json_object_object_get(first, "sni")));
    CHECK_STR("00000000-0000-0000-a000-000000001201",
        json_object_get_string(json_object_object_get(first, "uuid")));
    CHECK_STR("00000000-0000-0000-a000-000000001201",
        json_object_get_string(json_object_object_get(first, "credential_key")));
    const char *marker = json_object_get_string(json_object_object_get(first, "marker"));
    CHECK(strncmp(marker, "b1-", 3) == 0 && strlen(marker) == 24);
    json_object_put(json);
}

static void
test_a_burst_collapses_to_the_newest_version(void)
{
    int events = node.events;

    for (int i = 0; i < 50; i++)
        world_touch(1);
    world_notify();
    CHECK(wait_for(1, 51));
    CHECK(node.events - events < 50);
    CHECK_INT(0, node.too_old);
    CHECK(wait_for_row("select acked_gen = (select gen from outbox_stream where stream_id = 1)"
                       " and (converged ->> 'xray')::bigint = acked_gen from node_cursor"));
}

static void
test_generations_are_dense_and_unique(void)
{
    CHECK_INT(1,
        world_int("select (min(gen) = 1 and max(gen) = count(*)"
                  " and count(distinct gen) = count(*))::int from outbox_event"));
}

static void
test_a_removal_has_no_payload(void)
{
    world_revoke(1);
    world_notify();
    CHECK(wait_for(1, 52));
    CHECK(fake_key(&node, world_connection(1))->removed);
    CHECK_STR("REVOKE_CONNECTION", fake_key(&node, world_connection(1))->type);
}

static void
test_a_key_whose_row_is_gone_is_a_removal(void)
{
    world_touch(2);
    world_do("delete from connection where id = '%s'", world_connection(2));
    world_notify();
    CHECK(wait_for(2, 2));
    CHECK(fake_key(&node, world_connection(2))->removed);
}

static void
test_a_large_backlog_goes_in_batches_within_their_limits(void)
{
    world_issue_many(2001, 4000);
    world_notify();
    CHECK(wait_for_row("select acked_gen = (select gen from outbox_stream where stream_id = 1)"
                       " and acked_gen > 3200 from node_cursor"));
    CHECK(node.largest_batch > 64 && node.largest_batch <= BATCH_LIMIT);
    CHECK(fake_key(&node, world_connection(4000)) != NULL);
    CHECK_INT(0, node.too_old + node.gaps);
}

/* -- convergence --------------------------------------------------------------------------- */

static bool
is_watched(void *unused)
{
    (void)unused;
    return node.waiting != NULL;
}

static void
test_a_component_that_is_behind_is_watched_until_it_is_not(void)
{
    int64_t revoked = (int64_t)metric("tracegate_revocation_seconds_count");

    node.held_back[0] = 1;
    world_revoke(10);
    world_notify();
    CHECK(wait_for(10, 2));
    CHECK(wait_until(dispatcher.loop.base, is_watched, NULL));
    CHECK_INT(revoked, (int64_t)metric("tracegate_revocation_seconds_count"));
    CHECK(metric("tracegate_revocation_open_seconds") > 0);
    CHECK(wait_for_row("select (converged ->> 'xray')::bigint < acked_gen from node_cursor"));
    node.held_back[0] = 0;
    fake_wake(&node);
    CHECK(wait_for_row("select (converged ->> 'xray')::bigint = acked_gen from node_cursor"));
    CHECK_INT(revoked + 1, (int64_t)metric("tracegate_revocation_seconds_count"));
    CHECK(metric("tracegate_revocation_open_seconds") == 0);
}

/* -- what a node loses --------------------------------------------------------------------- */

static void
test_a_lost_reply_is_not_sent_twice_in_vain(void)
{
    node.lose_replies = true;
    world_touch(40);
    world_notify();
    CHECK(wait_for(40, 2));
    CHECK(wait_for_row("select fails > 0 from node_cursor"));
    node.lose_replies = false;
    int events = node.events;
    CHECK(wait_for_row("select acked_gen = (select gen from outbox_stream where stream_id = 1)"
                       " and fails = 0 from node_cursor"));
    CHECK_INT(events, node.events);
}

static void
test_a_node_that_lost_its_state_gets_a_snapshot(void)
{
    int commits = node.commits;

    fake_wipe(&node);
    world_touch(41);
    world_notify();
    CHECK(wait_for(41, 2));
    CHECK_INT(commits + 1, node.commits);
    CHECK(fake_key(&node, world_connection(10)) == NULL);
}

static void
test_a_node_of_another_epoch_gets_a_snapshot(void)
{
    int commits = node.commits;

    snprintf(node.epoch, sizeof(node.epoch), "00000000-0000-4000-8000-0000000000ff");
    world_touch(42);
    world_notify();
    CHECK(wait_for(42, 2));
    CHECK_INT(commits + 1, node.commits);
    CHECK_STR("00000000-0000-4000-8000-00000000000e", node.epoch);
}

static void
test_a_gap_is_healed_by_a_snapshot(void)
{
    int commits = node.commits;

    node.desired_gen -= 5;
    world_touch(43);
    world_notify();
    CHECK(wait_for(43, 2));
    CHECK_INT(commits + 1, node.commits);
}

static void
test_a_snapshot_that_is_asked_for_is_sent(void)
{
    int commits = node.commits;

    world_do("update node_cursor set want_snapshot = true");
    CHECK(wait_for_row("select not want_snapshot and epoch is not null from node_cursor"));
    CHECK_INT(commits + 1, node.commits);
}

static void
test_a_paused_node_is_looked_at_but_not_written_to(void)
{
    world_do("update node_cursor set paused = true, last_seen = '-infinity'");
    CHECK(wait_for_row("select lease_owner is null from node_cursor"));
    world_do("update node_cursor set last_seen = '-infinity'");
    int batches = node.batches;
    world_touch(44);
    world_notify();
    CHECK(wait_for_row("select last_seen > '-infinity' and lease_owner is null from node_cursor"));
    CHECK_INT(batches, node.batches);
    world_do("update node_cursor set paused = false");
    CHECK(wait_for(44, 2));
}

/* -- a node that is down ------------------------------------------------------------------- */

static void
test_a_node_that_comes_back_gets_what_it_missed(void)
{
    fake_kill(&node);
    world_touch(50);
    world_notify();
    CHECK(wait_for_row("select fails > 0 and last_error is not null from node_cursor"));
    fake_restart(&node);
    CHECK(wait_for(50, 2));
    CHECK(wait_for_row("select fails = 0 and last_error is null from node_cursor"));
}

static void
test_five_failures_open_the_breaker_and_an_answer_closes_it(void)
{
    node.status = 500;
    node.status_times = -1;
    world_touch(51);
    world_notify();
    CHECK(wait_for_row("select breaker = 'open' and fails >= 5 from node_cursor"));
    node.status = 0;
    CHECK(wait_for(51, 2));
    CHECK(wait_for_row("select breaker = 'closed' and fails = 0 from node_cursor"));
}

/* -- leases -------------------------------------------------------------------------------- */

static void
test_who_has_lost_the_lease_changes_nothing(void)
{
    CHECK(wait_for_row("select acked_gen = (select gen from outbox_stream where stream_id = 1)"
                       " from node_cursor"));
    world_touch(60);
    world_notify();
    CHECK(wait_for(60, 2));
    /* Somebody else takes the node, with a higher token, and the agent knows. */
    world_do("update node_cursor set lease_owner = 'other', lease_token = lease_token + 1,"
             " lease_until = clock_timestamp() + interval '1 s'");
    node.max_token++;
    world_touch(61);
    world_notify();
    CHECK(wait_for(61, 2));
    CHECK(metric("tracegate_dispatcher_fenced_total") > 0);
    CHECK_INT(node.max_token, world_int("select lease_token from node_cursor"));
}

static void
test_the_token_is_the_nodes_own(void)
{
    /* HMAC-SHA256("master", "node:t1") */
    node.token = "zathwY0h6juY2Ns3UAR8n2TW0zI_Nw-hwyft7VYkLdk";
    world_touch(62);
    world_notify();
    CHECK(wait_for(62, 2));
    node.token = NULL;
}

static bool
has_stopped(void *unused)
{
    (void)unused;
    return event_base_got_exit(dispatcher.loop.base) || dispatcher.held == 0;
}

static void
test_a_stop_gives_the_leases_back(void)
{
    world_touch(63);
    world_notify();
    CHECK(wait_for(63, 2));
    loop_stop(&dispatcher.loop);
    CHECK(wait_until(dispatcher.loop.base, has_stopped, NULL));
    CHECK_INT(1,
        world_int("select (lease_owner is null and lease_until = '-infinity')::int"
                  " from node_cursor"));
}

int
main(void)
{
    set_up();
    test_a_new_node_gets_a_snapshot_then_what_follows();
    test_a_payload_is_the_whole_truth();
    test_a_burst_collapses_to_the_newest_version();
    test_a_removal_has_no_payload();
    test_a_key_whose_row_is_gone_is_a_removal();
    test_a_large_backlog_goes_in_batches_within_their_limits();
    test_generations_are_dense_and_unique();
    test_a_component_that_is_behind_is_watched_until_it_is_not();
    test_a_lost_reply_is_not_sent_twice_in_vain();
    test_a_node_that_lost_its_state_gets_a_snapshot();
    test_a_node_of_another_epoch_gets_a_snapshot();
    test_a_gap_is_healed_by_a_snapshot();
    test_a_snapshot_that_is_asked_for_is_sent();
    test_a_paused_node_is_looked_at_but_not_written_to();
    test_a_node_that_comes_back_gets_what_it_missed();
    test_five_failures_open_the_breaker_and_an_answer_closes_it();
    test_who_has_lost_the_lease_changes_nothing();
    test_the_token_is_the_nodes_own();
    test_a_stop_gives_the_leases_back();
    tear_down();
    return check_report("dispatcher/deliver");
}
