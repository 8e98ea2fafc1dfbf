/* What operators order: one dispatcher in this process, on the same loop as its node. */
#include <stdio.h>
#include <string.h>

#include "daemons/dispatcher/lab.h"
#include "domain/letters.h"
#include "domain/orders.h"
#include "harness/check.h"
#include "harness/database.h"

static struct db db; /* of an operator */
static struct err err;

static struct turn
turn_of(struct arena *arena)
{
    db_turn(&db, arena);
    return (struct turn){.db = &db,
        .arena = arena,
        .actor = {.request_id = "test-1", .token_name = "operator", .scopes = "*"}};
}

static void
order(enum node_order what)
{
    struct arena arena = {0};
    struct turn turn = turn_of(&arena);
    struct node_status status;

    CHECK(node_order(&turn, world_node_id(1), what, &status, &err));
    arena_reset(&arena);
}

static void
give_up(int64_t id)
{
    struct arena arena = {0};
    struct turn turn = turn_of(&arena);
    struct letter letter;

    CHECK(letter_give_up(&turn, id, &(struct discard){"known"}, &letter, &err));
    arena_reset(&arena);
}

static void
change(int n)
{
    world_touch(n);
    world_notify();
}

#define DRAINED                                                                                    \
    "select acked_gen = (select gen from outbox_stream where stream_id = 1) and not want_snapshot" \
    " and epoch is not null"                                                                       \
    " and not exists (select from outbox_event where gen is null) from node_cursor"

static void
test_resync_sends_everything_once_more(void)
{
    world_issue(1);
    world_notify();
    CHECK(wait_for_row(DRAINED));
    int commits = node.commits;
    order(NODE_RESYNC);
    CHECK(wait_for_row(DRAINED));
    CHECK_INT(commits + 1, node.commits);
}

static void
test_nothing_is_sent_between_pause_and_resume(void)
{
    order(NODE_PAUSE);
    /* Whoever holds the node lets go of it, and then it is looked at without being written to. */
    CHECK(wait_for_row("select lease_owner is null from node_cursor"));
    int batches = node.batches, commits = node.commits;
    order(NODE_RESYNC);
    change(1);
    world_do("update node_cursor set last_seen = '-infinity'");
    CHECK(wait_for_row("select last_seen > '-infinity' and lease_owner is null from node_cursor"));
    CHECK_INT(batches, node.batches);
    CHECK_INT(commits, node.commits);
    CHECK_INT(1, fake_key(&node, world_connection(1))->ver);
    order(NODE_RESUME);
    CHECK(wait_for_row(DRAINED));
    CHECK_INT(commits + 1, node.commits);
    CHECK_INT(2, fake_key(&node, world_connection(1))->ver);
}

static void
test_a_discarded_letter_stays_so_when_the_node_refuses_again(void)
{
    char id[64];

    snprintf(id, sizeof(id), "%s", world_connection(1));
    node.refused = id;
    change(1);
    CHECK(wait_for_row("select count(*) = 1 from delivery_dead where state = 'dead'"));
    give_up(world_int("select id from delivery_dead"));
    order(NODE_RESYNC); /* the same version once more */
    CHECK(wait_for_row(DRAINED));
    CHECK_STR("discarded known operator",
        world_text("select concat_ws(' ', state, reason, resolved_by) from delivery_dead"));
    node.refused = NULL;
    change(1);
    CHECK(wait_for_row(DRAINED));
    CHECK_STR("discarded", world_text("select state from delivery_dead"));
}

int
main(void)
{
    set_up();
    db_init(&db, database_conninfo());
    test_resync_sends_everything_once_more();
    test_nothing_is_sent_between_pause_and_resume();
    test_a_discarded_letter_stays_so_when_the_node_refuses_again();
    db_free(&db);
    tear_down();
    return check_report("dispatcher/orders");
}
