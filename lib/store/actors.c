#include "store/actors.h"

#include "store/users.h"

static const struct field actor_fields[] = {
    F_ENUM(struct actor_user, role, F_REQUIRED, user_role_names),
    F_BOOL(struct actor_user, blocked, F_REQUIRED),
};
static const struct schema actor_schema = SCHEMA(struct actor_user, actor_fields);

static const struct query ACTOR_GET = {
    .name = "actor_get",
    .sql = "select role, coalesce(bot_blocked_until > now(), false) as blocked"
           " from tg_user where telegram_id = $1",
    .row = &actor_schema,
    .missing = ERR_ACTOR_NOT_FOUND,
};

bool
actor_get(struct db *db, int64_t telegram_id, struct actor_user *user, struct err *err)
{
    return db_one(db, &ACTOR_GET, DB_ARGS(arg_int(telegram_id)), user, err);
}
