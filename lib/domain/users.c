#include "domain/users.h"

#include <inttypes.h>

#include "schema/write.h"

static bool
audit_user(const struct turn *turn, const char *action, const struct user *before,
    const struct user *after, struct err *err)
{
    const struct audit audit = {
        .action = action,
        .subject = arena_printf(turn->arena, "user:%" PRId64, after->telegram_id),
        .before = before == NULL ? NULL : write_text(&user_schema, before, turn->arena),
        .after = write_text(&user_schema, after, turn->arena),
    };

    return audit_insert(turn->db, &turn->actor, &audit, err);
}

bool
user_create(const struct turn *turn, const struct user_new *in, struct user *user, struct err *err)
{
    return db_begin(turn->db, err) && user_insert(turn->db, in, user, err) &&
        audit_user(turn, "users.create", NULL, user, err) && db_commit(turn->db, err);
}

bool
user_set_profile(const struct turn *turn, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err)
{
    struct user before;

    return db_begin(turn->db, err) && user_lock(turn->db, telegram_id, &before, err) &&
        user_update_profile(turn->db, telegram_id, in, user, err) &&
        audit_user(turn, "users.profile", &before, user, err) && db_commit(turn->db, err);
}
