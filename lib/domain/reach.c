#include "domain/reach.h"

#include "store/users.h"

bool
reach_own(const struct turn *turn, int64_t owner_id, enum err_code missing, struct err *err)
{
    const struct actor *actor = &turn->actor;

    return actor->telegram_id == 0 || actor->telegram_id == owner_id || err_set(err, missing);
}

bool
reach_owner(
    const struct turn *turn, int64_t owner_id, int role, enum err_code missing, struct err *err)
{
    return (turn->actor.role != ROLE_USER && turn->actor.role > role) ||
        reach_own(turn, owner_id, missing, err);
}

bool
reach_known(const struct turn *turn, int64_t telegram_id, struct err *err)
{
    return turn->actor.role != ROLE_USER || reach_own(turn, telegram_id, ERR_USER_NOT_FOUND, err);
}

bool
reach_below(const struct turn *turn, int role, struct err *err)
{
    return turn->actor.telegram_id == 0 || turn->actor.role > role || err_set(err, ERR_RANK);
}
