#include "domain/users.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hmac.h"
#include "crypto/pseudonym.h"
#include "domain/reach.h"

/* -- reading ------------------------------------------------------------------------------- */

enum {
    NOBODY = -1 /* no Telegram id */
};

struct search {
    const char *pid;
    struct hmac *secret;
    int64_t id; /* so far; NOBODY when there is no more */
    bool found; /* it is his */
};

/* Among those that come after search->id. */
static bool
find_among(const struct turn *turn, struct search *search, struct err *err)
{
    const char *ids, *at;

    if (!user_ids(turn->db, search->id, &ids, err))
        return false;
    search->id = NOBODY;
    for (at = ids + 1; *at != '\0' && *at != '}' && !search->found;) {
        size_t length = strcspn(at, ",}");

        search->id = strtoll(at, NULL, 10);
        search->found = pid_is(search->secret, PID_USER, at, length, search->pid);
        at += length + (at[length] == ',');
    }
    return true;
}

/* A pseudonym leads to its user only by making all of them. Each page has an arena of its own: all
 * ids together are more than a request should hold. */
static bool
find_pid(const struct turn *turn, const char *pid, int64_t *id, struct err *err)
{
    const char *secret = turn->settings->pseudonym_secret;
    struct search search = {pid, hmac_new(secret, strlen(secret), turn->arena)};
    bool done = true;

    while (search.id != NOBODY && !search.found && done) {
        struct arena page = {0};

        turn->db->arena = &page;
        done = find_among(turn, &search, err);
        turn->db->arena = turn->arena;
        arena_reset(&page);
    }
    *id = search.id;
    return done;
}

bool
users_read(
    const struct turn *turn, const struct users_query *in, struct list *users, struct err *err)
{
    struct users_query query = *in;

    query.seen_by = turn->actor.telegram_id;
    query.seen_rank = turn->actor.role;
    return (in->pid == NULL || find_pid(turn, in->pid, &query.only, err)) &&
        users_list(turn->db, &query, users, err);
}

bool
user_read(const struct turn *turn, int64_t telegram_id, struct user *user, struct err *err)
{
    return user_get(turn->db, telegram_id, user, err) &&
        reach_owner(turn, telegram_id, user->role, ERR_USER_NOT_FOUND, err);
}

/* -- changing ------------------------------------------------------------------------------ */

static int
role_of(const struct settings *settings, int64_t telegram_id)
{
    const int64_t *ids = settings->superadmin_telegram_ids.at;

    for (size_t i = 0; i < settings->superadmin_telegram_ids.count; i++) {
        if (ids[i] == telegram_id)
            return ROLE_SUPERADMIN;
    }
    return ROLE_USER;
}

bool
user_create(const struct turn *turn, const struct user_new *in, struct user *user, struct err *err)
{
    int role = role_of(turn->settings, in->telegram_id);

    return reach_below(turn, role, err) && db_begin(turn->db, err) && db_commit_next(turn->db) &&
        user_insert(turn->db, &turn->actor, in, role, user, err);
}

/* The log says that it happened, not the names. */
static bool
audit_profile(const struct turn *turn, int64_t telegram_id, struct err *err)
{
    const struct audit audit = {
        .action = "users.profile",
        .subject = arena_printf(turn->arena, "user:%" PRId64, telegram_id),
    };

    return audit_insert(turn->db, &turn->actor, &audit, err);
}

bool
user_set_profile(const struct turn *turn, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err)
{
    struct user before;

    return db_begin(turn->db, err) && user_lock(turn->db, telegram_id, &before, err) &&
        reach_owner(turn, telegram_id, before.role, ERR_USER_NOT_FOUND, err) &&
        user_update_profile(turn->db, telegram_id, in, user, err) &&
        audit_profile(turn, telegram_id, err) && db_commit(turn->db, err);
}

/* -- sessions ------------------------------------------------------------------------------ */

/* Without an actor all is open, and without a question. */
static bool
check_reach(const struct turn *turn, const struct user *in, struct err *err)
{
    struct user user;

    if (turn->actor.telegram_id == 0 || turn->actor.telegram_id == in->telegram_id)
        return true;
    if (user_get(turn->db, in->telegram_id, &user, err))
        return reach_owner(turn, user.telegram_id, user.role, ERR_USER_NOT_FOUND, err);
    return err->code == ERR_USER_NOT_FOUND && reach_known(turn, in->telegram_id, err) &&
        reach_below(turn, in->role, err);
}

bool
user_come(const struct turn *turn, int64_t telegram_id, const struct user_profile *in,
    struct session *session, struct err *err)
{
    const struct user user = {.telegram_id = telegram_id,
        .role = role_of(turn->settings, telegram_id),
        .telegram_username = in->telegram_username,
        .telegram_first_name = in->telegram_first_name,
        .telegram_last_name = in->telegram_last_name};

    return check_reach(turn, &user, err) &&
        session_open(turn->db, &turn->actor, &user, session, err);
}
