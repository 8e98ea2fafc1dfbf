#include "domain/grace.h"

#include "base/str.h"
#include "domain/revoke.h"
#include "store/standing.h"

bool
grace_end(const struct turn *turn, bool *more, struct err *err)
{
    struct ended ended;
    const char *ids;

    if (!db_begin(turn->db, err) || !users_lock_overdue(turn->db, &ids, err))
        return false;
    *more = !str_eq(ids, "{}");
    if (!*more)
        return db_commit(turn->db, err);
    return revoke_access_of(turn, ids, &ended, err) && db_commit_next(turn->db) &&
        users_end_grace(turn->db, &turn->actor, ids, err);
}
