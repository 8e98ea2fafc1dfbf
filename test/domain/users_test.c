#include "domain/users.h"

#include <inttypes.h>
#include <stdio.h>

#include "crypto/pseudonym.h"
#include "harness/check.h"
#include "harness/fixture.h"
#include "schema/cursor.h"

static struct fixture fixture;

/* -- rank ---------------------------------------------------------------------------------- */

static const struct rank_case {
    const char *title;
    int64_t actor; /* 0: the token itself */
    int role;
    int64_t telegram_id;
    int code; /* of the refusal; else of what the user becomes */
    int becomes;
} rank_cases[] = {
    {"a token makes a user", 0, 0, 100, ERR_NONE, ROLE_USER},
    {"whom the settings name is a superadmin", 0, 0, 9000, ERR_NONE, ROLE_SUPERADMIN},
    {"an admin makes a user", 20, ROLE_ADMIN, 101, ERR_NONE, ROLE_USER},
    {"but no superadmin", 20, ROLE_ADMIN, 9001, ERR_RANK, 0},
    {"nor does a superadmin", 30, ROLE_SUPERADMIN, 9001, ERR_RANK, 0},
    {"a user makes nobody", 7, ROLE_USER, 102, ERR_RANK, 0},
};

static void
test_who_may_make_whom(void)
{
    static const int64_t superadmins[] = {9000, 9001};

    fixture.settings.superadmin_telegram_ids = (struct list){superadmins, COUNT(superadmins)};
    for (size_t i = 0; i < COUNT(rank_cases); i++) {
        const struct rank_case *row = &rank_cases[i];
        const struct user_new in = {.telegram_id = row->telegram_id, .devices_max = 5};
        struct user user = {0};

        fixture_turn(&fixture);
        fixture.err = (struct err){0};
        fixture.turn.actor.telegram_id = row->actor;
        fixture.turn.actor.role = row->role;
        bool done = user_create(&fixture.turn, &in, &user, &fixture.err);
        if (done != (row->code == ERR_NONE) || (int)fixture.err.code != row->code ||
            user.role != row->becomes)
            check_failed(row->title, "code %d, role %d", fixture.err.code, user.role);
        else
            check_passed();
    }
    fixture.turn.actor.telegram_id = 0;
}

static void
test_an_actor_reaches_himself_and_those_below(void)
{
    static const char people[] = "insert into tg_user (telegram_id, role) values (20, 'admin'),"
                                 " (21, 'admin'), (30, 'superadmin'), (31, 'superadmin')";
    static const struct {
        int64_t actor;
        int role;
        int64_t reaches, misses;
    } cases[] = {{7, ROLE_USER, 7, 100}, {20, ROLE_ADMIN, 7, 21}, {20, ROLE_ADMIN, 20, 30},
        {30, ROLE_SUPERADMIN, 21, 31}, {30, ROLE_SUPERADMIN, 30, 31}};
    struct user user;

    fixture_exec(&fixture, people, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        fixture_turn(&fixture);
        fixture.turn.actor.telegram_id = cases[i].actor;
        fixture.turn.actor.role = cases[i].role;
        CHECK(user_read(&fixture.turn, cases[i].reaches, &user, &fixture.err));
        CHECK(!user_read(&fixture.turn, cases[i].misses, &user, &fixture.err));
        CHECK_INT(ERR_USER_NOT_FOUND, fixture.err.code);
    }
    fixture.turn.actor.telegram_id = 0;
}

/* -- many ---------------------------------------------------------------------------------- */

enum {
    MANY = 41000, /* more than two pages of ids */
    STEP = 2050,
    FIRST = 1000000
};

static int64_t
found(const char *pid)
{
    const struct users_query in = {.limit = 2, .pid = pid};
    struct list users = {0};

    fixture_turn(&fixture);
    if (!CHECK(users_read(&fixture.turn, &in, &users, &fixture.err)) || users.count != 1)
        return -(int64_t)users.count;
    return ((const struct user *)users.at)->telegram_id;
}

static void
test_a_pseudonym_is_found_among_many(void)
{
    static const int64_t wanted[] = {7, FIRST, FIRST + 19900, FIRST + 20100, FIRST + MANY - 1};
    char raw[24], pid[PID_SIZE];

    for (int64_t first = FIRST; first < FIRST + MANY; first += STEP) {
        snprintf(raw, sizeof(raw), "%" PRId64, first);
        fixture_exec(&fixture,
            "insert into tg_user (telegram_id, created_at) select $1::bigint + n, '2026-01-01'"
            " from generate_series(0, 2049) n",
            raw);
    }
    for (size_t i = 0; i < COUNT(wanted); i++) {
        snprintf(raw, sizeof(raw), "%" PRId64, wanted[i]);
        pid_make(fixture.settings.pseudonym_secret, PID_USER, raw, pid);
        CHECK_INT(wanted[i], found(pid));
    }
    CHECK_INT(0, found("00000000000000000000"));
}

/* What is held while it is looked for does not grow with the number of users. */
static void
test_looking_for_a_pseudonym_takes_little_memory(void)
{
    fixture_turn(&fixture);
    CHECK_INT(0, found("00000000000000000000"));
    CHECK(fixture.arena.used_bytes < 16384);
}

/* All of the same moment, so that the id alone says what follows. */
static void
test_pages_show_each_once_though_some_are_deleted(void)
{
    struct users_query in = {.limit = 700};
    int64_t last = INT64_MAX, count = 0;
    char id[24], gone[24];
    struct list users;

    do {
        fixture_turn(&fixture);
        if (in.cursor.id != NULL)
            in.cursor.id = id;
        if (!CHECK(users_read(&fixture.turn, &in, &users, &fixture.err)))
            return;
        const struct user *user = users.at;
        size_t shown = users.count > 700 ? 700 : users.count;
        for (size_t i = 0; i < shown; i++) {
            if (user[i].telegram_id < FIRST || user[i].telegram_id >= FIRST + MANY)
                continue; /* somebody else */
            count++;
            if (user[i].telegram_id >= last)
                CHECK_INT(last, user[i].telegram_id);
            last = user[i].telegram_id;
        }
        in.cursor = user_cursor(&user[shown - 1], &fixture.arena);
        snprintf(id, sizeof(id), "%s", in.cursor.id);
        snprintf(gone, sizeof(gone), "%" PRId64, user[shown - 1].telegram_id);
        fixture_exec(&fixture, "delete from tg_user where telegram_id = $1", gone);
    } while (users.count > 700);
    CHECK_INT(MANY, count);
}

int
main(void)
{
    fixture_open(&fixture);
    test_who_may_make_whom();
    test_an_actor_reaches_himself_and_those_below();
    test_a_pseudonym_is_found_among_many();
    test_looking_for_a_pseudonym_takes_little_memory();
    test_pages_show_each_once_though_some_are_deleted();
    fixture_close(&fixture);
    return check_report("domain/users");
}
