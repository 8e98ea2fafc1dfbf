#include "domain/standing.h"

#include "domain/changed.h"
#include "domain/reach.h"
#include "domain/revoke.h"

#define HOUR_USEC  (3600 * USEC_SEC)
#define GRACE_USEC (HOUR_USEC * 24 * 7)

/* -- of all changes ------------------------------------------------------------------------ */

/* Begins. Of whom the actor may know. */
static bool
hold(const struct turn *turn, int64_t telegram_id, struct user *user, struct err *err)
{
    return db_begin(turn->db, err) && user_lock(turn->db, telegram_id, user, err) &&
        reach_known(turn, telegram_id, err);
}

struct decision {
    const char *action; /* for the audit log */
    const struct user *before, *after;
    struct ended ended; /* access that was revoked with it */
};

/* Whether who was let in before must be let in anew. */
static bool
ends_sessions(const struct user *before, const struct user *after)
{
    return before->role != after->role || after->entitlement_status == STANDING_BLOCKED ||
        after->bot_blocked_until > after->locked_at;
}

/* Writes what differs, and commits. */
static bool
settle(const struct turn *turn, const struct decision *decision, struct err *err)
{
    const struct user *before = decision->before, *after = decision->after;
    struct audit audit = {.action = decision->action};
    const struct settling settling = {after, &audit, ends_sessions(before, after)};
    bool changed = changed_members(&user_standing_schema, before, after, turn->arena, &audit);

    if (!changed && decision->ended.connections + decision->ended.devices == 0)
        return db_commit(turn->db, err);
    return db_commit_next(turn->db) && user_settle(turn->db, &turn->actor, &settling, err);
}

/* -- limit --------------------------------------------------------------------------------- */

bool
user_set_limit(const struct turn *turn, int64_t telegram_id, const struct user_patch *in,
    struct user *user, struct err *err)
{
    struct user before;

    if (!hold(turn, telegram_id, &before, err) || !reach_below(turn, before.role, err))
        return false;
    *user = before;
    if (field_present(in->present, USER_DEVICES_MAX))
        user->devices_max = in->devices_max;
    return settle(turn, &(struct decision){"users.update", &before, user}, err);
}

/* -- role ---------------------------------------------------------------------------------- */

/* `superadmins` counts all of them. */
static bool
find(const struct list *users, int64_t telegram_id, struct user *user, size_t *superadmins,
    struct err *err)
{
    const struct user *found = NULL;

    *superadmins = 0;
    for (const struct user *at = users->at, *end = at + users->count; at < end; at++) {
        *superadmins += at->role == ROLE_SUPERADMIN;
        found = at->telegram_id == telegram_id ? at : found;
    }
    if (found == NULL)
        return err_set(err, ERR_USER_NOT_FOUND);
    *user = *found;
    return true;
}

static bool
check_role(const struct turn *turn, const struct user *before, int role, size_t superadmins,
    struct err *err)
{
    if (before->role == ROLE_SUPERADMIN && role != ROLE_SUPERADMIN && superadmins == 1)
        return err_set(err, ERR_LAST_SUPERADMIN);
    return reach_below(turn, before->role, err) && reach_below(turn, role, err);
}

bool
user_set_role(const struct turn *turn, int64_t telegram_id, const struct role_set *in,
    struct user *user, struct err *err)
{
    struct list users;
    struct user before;
    size_t superadmins;

    if (!db_begin(turn->db, err) || !users_lock_superadmins(turn->db, telegram_id, &users, err) ||
        !find(&users, telegram_id, &before, &superadmins, err) ||
        !reach_known(turn, telegram_id, err) ||
        !check_role(turn, &before, in->role, superadmins, err))
        return false;
    *user = before;
    user->role = in->role;
    return settle(turn, &(struct decision){"users.role", &before, user}, err);
}

/* -- entitlement --------------------------------------------------------------------------- */

static bool
check_grace(const struct user *before, const struct entitlement_set *in, struct err *err)
{
    return in->entitlement_status != STANDING_GRACE || in->grace_ends_at == USEC_NONE ||
        in->grace_ends_at > before->locked_at ||
        err_fault(err, "grace_ends_at", "greater_than_equal", "grace_ends_at is in the past");
}

/* Who is blocked keeps the day on which his grace ended. */
static void
entitle(struct user *user, const struct entitlement_set *in)
{
    user->entitlement_status = in->entitlement_status;
    if (in->entitlement_status == STANDING_ACTIVE)
        user->grace_ends_at = USEC_NONE;
    else if (in->entitlement_status == STANDING_GRACE)
        user->grace_ends_at =
            in->grace_ends_at != USEC_NONE ? in->grace_ends_at : user->locked_at + GRACE_USEC;
}

bool
user_set_entitlement(const struct turn *turn, int64_t telegram_id, const struct entitlement_set *in,
    struct user *user, struct err *err)
{
    struct user before;
    struct decision decision = {"users.entitlement", &before, user};

    if (!hold(turn, telegram_id, &before, err) || !reach_below(turn, before.role, err) ||
        !check_grace(&before, in, err))
        return false;
    *user = before;
    entitle(user, in);
    return (in->entitlement_status != STANDING_BLOCKED ||
               revoke_user_access(turn, telegram_id, &decision.ended, err)) &&
        settle(turn, &decision, err);
}

/* -- block --------------------------------------------------------------------------------- */

bool
user_block(const struct turn *turn, int64_t telegram_id, const struct block_set *in,
    struct user *user, struct err *err)
{
    struct user before;
    struct decision decision = {"users.block", &before, user};

    if (!hold(turn, telegram_id, &before, err))
        return false;
    if (before.role == ROLE_SUPERADMIN)
        return err_set(err, ERR_SUPERADMIN_IMMUNE);
    if (!reach_below(turn, before.role, err))
        return false;
    *user = before;
    user->bot_blocked_until = before.locked_at + in->hours * HOUR_USEC;
    user->bot_block_reason = in->reason;
    return (!in->revoke_access || revoke_user_access(turn, telegram_id, &decision.ended, err)) &&
        settle(turn, &decision, err);
}

bool
user_unblock(const struct turn *turn, int64_t telegram_id, struct user *user, struct err *err)
{
    struct user before;

    if (!hold(turn, telegram_id, &before, err) || !reach_below(turn, before.role, err))
        return false;
    *user = before;
    user->bot_blocked_until = USEC_NONE;
    user->bot_block_reason = NULL;
    return settle(turn, &(struct decision){"users.unblock", &before, user}, err);
}
