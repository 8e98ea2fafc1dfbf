/*
 * An adoption that is killed between any two statements, or while a commit is on its way, starts
 * again and ends as if nothing had been. Of two at once, one waits.
 *
 * A statement that takes a lock, warns, and then waits for another one is put where the program is
 * to be killed; the test holds that one, and gets the first when the server process has ended.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "base/text.h"
#include "daemons/init_db/old.h"
#include "db/migrate.h"
#include "harness/check.h"
#include "harness/scratch.h"

#define HERE  "perform pg_advisory_lock(4712); raise warning 'here'; perform pg_advisory_lock(4711);"
#define BLOCK "do $$ begin " HERE " end $$;\n"

static const struct old filled = {.stage = 1, .filled = true, .stamped = true};

static struct list files;
static const char *schema; /* of a new database */

/* -- folders ------------------------------------------------------------------------------- */

static void
write_file(const char *folder, const char *name, const char *text, size_t size)
{
    FILE *file = fopen(arena_printf(&old_arena, "%s/%s", folder, name), "w");

    CHECK(file != NULL && fwrite(text, 1, size, file) == size);
    CHECK(file != NULL && fputs(text[size] == '\0' ? "" : BLOCK, file) >= 0 && fclose(file) == 0);
}

static void
write_whole(const char *folder, const struct migration *migration)
{
    write_file(folder, migration->name, migration->sql, strlen(migration->sql));
}

/* Behind the statement at `sql`: a semicolon at the end of a line, but not within $$. NULL: there
 * is none. */
static const char *
statement_end(const char *sql)
{
    bool quoted = false;

    for (; *sql != '\0'; sql++) {
        if (sql[0] == '$' && sql[1] == '$') {
            quoted = !quoted;
            sql++;
        } else if (sql[0] == ';' && sql[1] == '\n' && !quoted)
            return sql + 2;
    }
    return NULL;
}

/* -- killing ------------------------------------------------------------------------------- */

/* The program has come to where it waits, and is gone. */
static void
kill_here(pid_t pid, int output, const char *title)
{
    if (!old_says(output, "here"))
        check_failed(title, "it has ended before");
    kill(pid, SIGKILL);
    check_int(title, 128 + SIGKILL, old_wait(pid));
    close(output);
    old_ask("select pg_advisory_unlock(4711); select pg_advisory_lock(4712)");
    old_ask("select pg_advisory_unlock(4712); select pg_advisory_lock(4711)");
}

static void
run_and_kill(const char *folder, const char *title)
{
    int output;
    pid_t pid = old_start(&output, "--adopt", "--sql", folder, NULL);

    kill_here(pid, output, title);
}

/* Nothing of what a migration has done so far is left, and what was before it is there. */
static void
check_applied(const char *title, size_t count)
{
    check_str(title, arena_printf(&old_arena, "%zu", count),
        old_ask("select count(*) from schema_migration"));
}

static void
check_whole(const char *title)
{
    const char *said;

    if (!check_int(title, 0, old_run(&said, "--adopt", NULL)))
        puts(said);
    CHECK(str_eq(schema, old_schema()));
    CHECK_STR("active named single",
        old_ask("select string_agg(peer_public_key, ' ' order by peer_public_key)"
                " from wireguard_peer"));
    CHECK_STR("tracegate-c", old_ask("select version_num from alembic_version"));
    CHECK_STR("1", old_ask("select count(*) from incarnation"));
}

static void
kill_within(const char *folder, size_t place)
{
    const struct migration *migration = (const struct migration *)files.at + place;
    const char *end = migration->sql;

    for (int count = 1; (end = statement_end(end)) != NULL && *end != '\0'; count++) {
        const char *title = arena_printf(&old_arena, "%s, statement %d", migration->name, count);

        write_file(folder, migration->name, migration->sql, (size_t)(end - migration->sql));
        run_and_kill(folder, title);
        check_applied(title, place);
    }
    write_whole(folder, migration);
}

static void
test_killed_between_any_two_statements(void)
{
    const struct migration *migrations = files.at;
    char folder[] = SCRATCH;
    const char *said;

    CHECK(mkdtemp(folder) != NULL);
    old_make(&filled);
    for (size_t i = 0; i < files.count; i++) {
        if ((int64_t)i < filled.stage)
            write_whole(folder, &migrations[i]);
        else
            kill_within(folder, i);
        if ((int64_t)i >= filled.stage) { /* what comes after them may need later ones */
            CHECK(old_run(&said, "--adopt", "--sql", folder, NULL) < 2);
            check_applied(migrations[i].name, i + 1);
        }
    }
    scratch_remove(folder);
    check_whole("after all of them");
}

/* -- where the program itself has statements ----------------------------------------------- */

static void
lay_trap(const char *trigger)
{
    old_ask("create schema trap; create function trap.here() returns trigger language plpgsql as"
            " $$ begin " HERE " return coalesce(new, old); end $$");
    old_ask(trigger);
}

#define DO            " execute function trap.here()"
#define PASSING(when) "create trigger trap " when DO
#define ENDING(when)                                                                               \
    "create constraint trigger trap " when " deferrable initially deferred for each row" DO

static void
kill_in_trap(const char *title, const char *trigger)
{
    int output;

    lay_trap(trigger);
    pid_t pid = old_start(&output, "--adopt", NULL);
    kill_here(pid, output, title);
    old_ask("drop schema trap cascade");
}

static void
test_killed_while_it_is_stamped(void)
{
    const char *said;

    old_make(&filled);
    const char *before = old_contents();
    kill_in_trap("stamping", PASSING("after delete on alembic_version for each row"));
    CHECK(str_eq(before, old_contents()));
    CHECK_INT(3, old_run(&said, NULL));
    /* The server has been told to commit: it may, or notice first that nobody is there. */
    kill_in_trap("committing", ENDING("after insert on alembic_version"));
    if (str_eq(old_revision(filled.stage), old_ask("select version_num from alembic_version")))
        CHECK(str_eq(before, old_contents()));
    else
        check_applied("committing", (size_t)filled.stage);
    check_whole("after the stamp");
}

static void
test_killed_while_a_migration_is_recorded_and_committed(void)
{
    static const char applied[] = "select count(*) in (1, 2) and count(*) = max(version) and"
                                  " (max(version) = 2) = (to_regtype('user_role') is not null)"
                                  " from schema_migration";

    old_make(&filled);
    kill_in_trap("the first of them", PASSING("before update on ipam_lease for each statement"));
    kill_in_trap("recording", PASSING("before insert on schema_migration for each row"));
    check_applied("recording", (size_t)filled.stage);
    kill_in_trap("committing", ENDING("after insert on schema_migration"));
    CHECK_STR("t", old_ask(applied));
    check_whole("after that");
}

static void
test_killed_after_the_migrations(void)
{
    old_make(&filled);
    kill_in_trap("the pool", PASSING("before insert on ipam_pool for each row"));
    check_applied("the pool", files.count);
    kill_in_trap("the tokens", PASSING("before update on api_token for each statement"));
    kill_in_trap("the epoch", PASSING("before insert on incarnation for each row"));
    check_whole("after that");
}

/* -- two at once --------------------------------------------------------------------------- */

static void
start_two(pid_t pids[2], int outputs[2])
{
    old_make(&filled);
    lay_trap(PASSING("before update on ipam_lease for each statement"));
    pids[0] = old_start(&outputs[0], "--adopt", NULL);
    CHECK(old_says(outputs[0], "here"));
    pids[1] = old_start(&outputs[1], "--adopt", NULL);
    CHECK(old_says(outputs[1], "waiting=lock"));
}

static void
finish(void)
{
    old_ask("select pg_advisory_lock(4711)");
    old_ask("drop schema trap cascade");
    check_whole("two at once");
}

static void
test_of_two_at_once_one_waits_and_has_nothing_to_do(void)
{
    pid_t pids[2];
    int outputs[2];

    start_two(pids, outputs);
    old_ask("select pg_advisory_unlock(4711)");
    CHECK(!old_says(outputs[1], "migration="));
    CHECK_INT(0, old_wait(pids[0]));
    CHECK_INT(0, old_wait(pids[1]));
    close(outputs[0]);
    close(outputs[1]);
    finish();
}

static void
test_who_waits_goes_on_when_the_first_is_killed(void)
{
    pid_t pids[2];
    int outputs[2];

    start_two(pids, outputs);
    kill(pids[0], SIGKILL);
    CHECK_INT(128 + SIGKILL, old_wait(pids[0]));
    old_ask("select pg_advisory_unlock(4711)");
    CHECK(old_says(outputs[1], "migration=0002"));
    CHECK(!old_says(outputs[1], "level=error"));
    CHECK_INT(0, old_wait(pids[1]));
    close(outputs[0]);
    close(outputs[1]);
    finish();
}

int
main(void)
{
    struct err err = {0};
    const char *said;

    old_open();
    CHECK(migrate_read("sql", &old_arena, &files, &err));
    old_make(&(struct old){0});
    CHECK_INT(0, old_run(&said, NULL));
    schema = old_schema();
    old_ask("select pg_advisory_lock(4711)");
    test_killed_between_any_two_statements();
    test_killed_while_it_is_stamped();
    test_killed_while_a_migration_is_recorded_and_committed();
    test_killed_after_the_migrations();
    test_of_two_at_once_one_waits_and_has_nothing_to_do();
    test_who_waits_goes_on_when_the_first_is_killed();
    old_close();
    return check_report("daemons/init_db/adoption_kill");
}
