/* Partitions of the log and of the audit log: made beside writers, and each like the others. */
#include <string.h>

#include "harness/check.h"
#include "harness/fixture.h"
#include "store/installation.h"

#define LAST "to_char(now() at time zone 'UTC' + interval '14 days', '\"outbox_event_\"YYYYMMDD')"

static struct fixture fixture, other;

static int64_t
number(const char *sql)
{
    return fixture_number(&fixture, sql, NULL);
}

static void
drop_last(void)
{
    fixture_exec(&fixture, "do $$ begin execute 'drop table ' || " LAST "; end $$", NULL);
    CHECK_INT(14,
        number("select count(*) - 1 as n from pg_inherits"
               " where inhparent = 'outbox_event'::regclass"));
}

static const char INSERT[] =
    "insert into outbox_event (stream_id, event_type, component, aggregate_id, ver,"
    " idempotency_key, created_at) values (1, 'UPSERT_USER', 'xray', 'k', 1, 'k',"
    " date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + $1::interval)";

/* Those who write, and those who have read for long, hold locks on the table. */
static void
test_a_partition_is_made_while_others_write(void)
{
    fixture_join(&other);
    drop_last();
    CHECK(db_begin(&other.db, &other.err));
    fixture_exec(&other, INSERT, "0");
    fixture_exec(&other, "lock table only outbox_event in access share mode", NULL);
    CHECK(installation_partitions(&fixture.db, &fixture.err));
    CHECK_INT(1, number("select (to_regclass(" LAST ") is not null)::int as n"));
    CHECK(db_commit(&other.db, &other.err));
    fixture_close(&other);
}

static void
test_it_is_like_the_others(void)
{
    fixture_exec(&fixture, INSERT, "14 days 23:59:59");
    CHECK_INT(1,
        number("select count(*) as n from outbox_event where tableoid = (" LAST
               ")::regclass and id is not null"));
    CHECK_INT(1,
        number("select count(distinct indexes) as n from (select count(x.indexrelid) as indexes"
               " from pg_inherits p left join pg_index x on x.indrelid = p.inhrelid"
               " and x.indisvalid and exists (select from pg_inherits c where c.inhrelid ="
               " x.indexrelid) where p.inhparent = 'outbox_event'::regclass group by p.inhrelid"
               ") as parts"));
}

static void
test_what_is_beyond_goes_to_the_default_one(void)
{
    fixture_exec(&fixture, INSERT, "15 days");
    CHECK_INT(1, number("select count(*) as n from outbox_event_default"));
    CHECK(installation_partitions(&fixture.db, &fixture.err));
}

/* Else its rows would have to move, and all would wait for that. */
static void
test_a_day_that_has_rows_there_stays_there(void)
{
    drop_last();
    fixture_exec(&fixture, INSERT, "14 days");
    CHECK(installation_partitions(&fixture.db, &fixture.err));
    CHECK_INT(0, number("select (to_regclass(" LAST ") is not null)::int as n"));
    CHECK_INT(2, number("select count(*) as n from outbox_event_default"));
}

static void
test_two_at_once_make_each_once(void)
{
    fixture_exec(&fixture, "delete from outbox_event_default", NULL);
    fixture_join(&other);
    CHECK(db_begin(&fixture.db, &fixture.err));
    CHECK(installation_partitions(&fixture.db, &fixture.err));
    CHECK(!installation_partitions(&other.db, &other.err)); /* waits, for its limit */
    CHECK_INT(ERR_RETRY, other.err.code);
    CHECK(db_commit(&fixture.db, &fixture.err));
    fixture_turn(&other);
    CHECK(installation_partitions(&other.db, &other.err));
    fixture_close(&other);
}

/* -- the audit log ------------------------------------------------------------------------- */

static void
test_an_audit_row_stays_as_it_is(void)
{
    static const char *const changes[] = {
        "update audit_log set action = 'none'",
        "delete from audit_log",
        "update audit_log_default set action = 'none'",
        "do $$ begin execute 'delete from audit_log_' || to_char(date_trunc('month', now()"
        " at time zone 'UTC'), 'YYYYMMDD'); end $$",
    };

    fixture_exec(&fixture, "insert into audit_log (action, subject) values ('a', 'b')", NULL);
    fixture_exec(&fixture,
        "insert into audit_log (action, subject, at) values ('a', 'b', now() - interval '1 year')",
        NULL);
    for (size_t i = 0; i < COUNT(changes); i++) {
        CHECK(!fixture_try(&fixture, changes[i], NULL));
        CHECK(strstr(fixture.err.detail, "audit_log is append only") != NULL);
        fixture_turn(&fixture);
    }
    CHECK_INT(2, number("select count(*) as n from audit_log where action = 'a'"));
    CHECK_INT(1, number("select count(*) as n from audit_log_default"));
}

int
main(void)
{
    fixture_open(&fixture);
    test_a_partition_is_made_while_others_write();
    test_it_is_like_the_others();
    test_what_is_beyond_goes_to_the_default_one();
    test_a_day_that_has_rows_there_stays_there();
    test_two_at_once_make_each_once();
    test_an_audit_row_stays_as_it_is();
    fixture_close(&fixture);
    return check_report("store/partitions");
}
