/* Everything here may be asked for again, as each start of init_db does. */
#include "store/installation.h"

#include "harness/check.h"
#include "harness/fixture.h"

#define POOL  "00000000-0000-4000-8000-0000000000a1"
#define OTHER "00000000-0000-4000-8000-0000000000a2"

static struct fixture fixture;

static void
test_users_become_superadmins_once(void)
{
    int64_t promoted = -1;

    CHECK(installation_superadmins(&fixture.db, "[7, 8]", &promoted, &fixture.err));
    CHECK_INT(1, promoted);
    CHECK_INT(FIXTURE_USER,
        fixture_number(
            &fixture, "select telegram_id as n from tg_user where role = 'superadmin'", NULL));
    CHECK(installation_superadmins(&fixture.db, "[7, 8]", &promoted, &fixture.err));
    CHECK_INT(0, promoted);
    CHECK(installation_superadmins(&fixture.db, "[]", &promoted, &fixture.err));
    CHECK_INT(0, promoted);
}

static void
test_the_pool_is_made_once(void)
{
    CHECK(installation_pool(&fixture.db, POOL, &fixture.err));
    CHECK(installation_pool(&fixture.db, OTHER, &fixture.err));
    CHECK_INT(1,
        fixture_number(&fixture, "select count(*) as n from ipam_pool where id = $1::uuid", POOL));
    CHECK_INT(1, fixture_number(&fixture, "select count(*) as n from ipam_pool", NULL));
}

static void
test_partitions_are_there_for_what_comes(void)
{
    static const char ahead[] = "select count(*) as n from pg_inherits";
    int64_t before = fixture_number(&fixture, ahead, NULL);

    CHECK(installation_partitions(&fixture.db, &fixture.err));
    CHECK(before > 0);
    CHECK_INT(before, fixture_number(&fixture, ahead, NULL));
}

static void
test_the_epoch_stays(void)
{
    static const char epochs[] = "select count(*) as n from incarnation where epoch = $1::uuid";

    fixture_exec(&fixture, "delete from incarnation", NULL);
    CHECK(installation_incarnation(&fixture.db, POOL, &fixture.err));
    CHECK(installation_incarnation(&fixture.db, OTHER, &fixture.err));
    CHECK_INT(1, fixture_number(&fixture, epochs, POOL));
    CHECK_INT(0, fixture_number(&fixture, epochs, OTHER));
}

int
main(void)
{
    fixture_open(&fixture);
    test_users_become_superadmins_once();
    test_the_pool_is_made_once();
    test_partitions_are_there_for_what_comes();
    test_the_epoch_stays();
    fixture_close(&fixture);
    return check_report("store/installation");
}
