#include "domain/inventory.h"

#include <string.h>

#include "base/uuid.h"
#include "crypto/pseudonym.h"
#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

static const char *
text_of(struct inventory *inventory)
{
    size_t size = 0;
    const char *text = inventory_text(&fixture.turn, inventory, &size, &fixture.err);

    fixture_turn(&fixture);
    return text;
}

static bool
says(const char *text, const char *line)
{
    return CHECK(text != NULL) && strstr(text, line) != NULL;
}

static void
test_people_are_shown_by_their_pseudonyms_alone(void)
{
    struct arena life = {0};
    struct inventory *inventory = inventory_new(&life);
    struct connection connection;
    char pid[PID_SIZE], id[UUID_SIZE];

    fixture_connect(&fixture, &connection);
    memcpy(id, connection.id, sizeof(id)); /* beyond the turn */
    const char *text = text_of(inventory);
    pid_make(fixture.settings.pseudonym_secret, PID_USER, "7", pid);
    CHECK(says(text, pid));
    CHECK(says(text, "tracegate_users{role=\"user\",entitlement=\"active\"} 1\n"));
    CHECK(says(text, "tracegate_users_blocked 0\n"));
    CHECK(says(text, "tracegate_ipam_addresses{state=\"free\"} 253\n"));
    CHECK(says(text, "protocol=\"vless_reality\",mode=\"direct\",variant=\"B1\",slot=\"0\"} 1\n"));
    CHECK(!says(text, id));
    CHECK(!says(text, FIXTURE_DEVICE));
    arena_reset(&life);
}

static void
test_what_was_read_is_kept_for_a_while(void)
{
    struct arena life = {0};
    struct inventory *inventory = inventory_new(&life);

    CHECK(text_of(inventory) != NULL);
    fixture_exec(&fixture, "update tg_user set role = 'admin'", NULL);
    CHECK(says(text_of(inventory), "role=\"user\""));
    CHECK(says(text_of(inventory_new(&life)), "role=\"admin\""));
    fixture_exec(&fixture, "update tg_user set role = 'user'", NULL);
    arena_reset(&life);
}

/* A worker that has nothing reads even while another one does. */
static void
test_nothing_waits_for_another_worker(void)
{
    struct arena life = {0};
    struct fixture other;

    fixture_join(&other);
    CHECK(db_begin(&other.db, &other.err));
    fixture_exec(&other, "select pg_advisory_xact_lock(73284925)", NULL);
    CHECK(text_of(inventory_new(&life)) != NULL);
    fixture_close(&other);
    arena_reset(&life);
}

static void
test_a_failure_before_the_first_reading_is_one(void)
{
    struct arena life = {0};
    struct inventory *inventory = inventory_new(&life);

    fixture_exec(&fixture, "alter table maintenance_run rename to elsewhere", NULL);
    CHECK(text_of(inventory) == NULL);
    CHECK_INT(ERR_INTERNAL, fixture.err.code);
    fixture_exec(&fixture, "alter table elsewhere rename to maintenance_run", NULL);
    CHECK(text_of(inventory) != NULL);
    arena_reset(&life);
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    fixture.settings.pseudonym_secret = "a secret of the tests, 32 and more";
    test_people_are_shown_by_their_pseudonyms_alone();
    test_what_was_read_is_kept_for_a_while();
    test_nothing_waits_for_another_worker();
    test_a_failure_before_the_first_reading_is_one();
    fixture_close(&fixture);
    return check_report("domain/inventory");
}
