#include "domain/letters.h"

#include <inttypes.h>

#include "domain/changed.h"

static const struct field discard_fields[] = {
    F_TEXT(struct discard, reason, F_REQUIRED, 1, 255),
};
const struct schema discard_schema = SCHEMA(struct discard, discard_fields);

static bool
audit(const struct turn *turn, const struct letter *before, const struct letter *after,
    struct err *err)
{
    struct audit audit = {
        .action = "dispatch.discard",
        .subject = arena_printf(turn->arena, "dead:%" PRId64, after->id),
    };

    changed_members(&letter_audit_schema, before, after, turn->arena, &audit);
    return audit_insert(turn->db, &turn->actor, &audit, err);
}

bool
letter_give_up(const struct turn *turn, int64_t id, const struct discard *in, struct letter *letter,
    struct err *err)
{
    const struct letter_end end = {in->reason, turn->actor.token_name};
    struct letter before;

    return db_begin(turn->db, err) && letter_lock(turn->db, id, &before, err) &&
        (before.state == LETTER_DEAD || err_set(err, ERR_DEAD_RESOLVED)) &&
        letter_discard(turn->db, id, &end, letter, err) && audit(turn, &before, letter, err) &&
        db_commit(turn->db, err);
}
