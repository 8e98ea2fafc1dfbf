#include "domain/revisions.h"

#include "domain/connections.h"
#include "domain/issue.h"
#include "domain/reach.h"
#include "domain/target.h"

static struct asked
asked_by(const struct turn *turn, const struct holding *holding)
{
    return (struct asked){&turn->actor,
        targets_text_of(turn->settings, connection_protocol_names[holding->protocol],
            connection_mode_names[holding->mode], turn->arena)};
}

static bool
check_connection(const struct holding *holding, struct err *err)
{
    return holding->status == STATUS_ACTIVE || err_set(err, ERR_CONNECTION_REVOKED);
}

/* -- issue --------------------------------------------------------------------------------- */

static bool
issue(
    const struct turn *turn, const struct draft *draft, struct revision *revision, struct err *err)
{
    const struct asked asked = asked_by(turn, draft->holding);
    struct revision_new made = {0};

    return issue_write(turn, draft, &made, err) && db_commit_next(turn->db) &&
        revision_insert(turn->db, &asked, &made, revision, err);
}

bool
revision_issue(const struct turn *turn, const char *connection_id, const struct issue_new *in,
    struct revision *revision, struct err *err)
{
    struct holding holding;
    struct draft draft = {.holding = &holding, .in = in};

    return db_begin(turn->db, err) &&
        connection_hold(turn->db, HOLD_TO_GIVE, connection_id, &holding, err) &&
        reach_owner(turn, holding.user_id, holding.user_role, ERR_CONNECTION_NOT_FOUND, err) &&
        issue_check(turn, &draft, err) && issue_permit(turn, &draft, err) &&
        check_connection(&holding, err) && issue(turn, &draft, revision, err);
}

/* -- activate and revoke ------------------------------------------------------------------- */

static bool
hold(const struct turn *turn, enum hold how, const char *id, struct holding *holding,
    struct err *err)
{
    return revision_hold(turn->db, how, id, turn->settings->revision_undo_seconds, holding, err) &&
        reach_owner(turn, holding->user_id, holding->user_role, ERR_REVISION_NOT_FOUND, err);
}

/* Who is blocked gets nothing back; changing places is no new access. */
static bool
check_return(const struct holding *holding, struct err *err)
{
    bool returns = holding->revision_status == STATUS_REVOKED;

    if (returns && holding->user_blocked)
        return err_set(err, ERR_USER_BLOCKED);
    if (!check_connection(holding, err))
        return false;
    return !(returns && holding->secret_gone) || err_set(err, ERR_REVISION_GONE);
}

bool
revision_activate(
    const struct turn *turn, const char *id, struct revision *revision, struct err *err)
{
    struct holding holding;
    struct asked asked;

    if (!db_begin(turn->db, err) || !hold(turn, HOLD_TO_GIVE, id, &holding, err))
        return false;
    asked = asked_by(turn, &holding);
    return check_return(&holding, err) && db_commit_next(turn->db) &&
        revision_raise(turn->db, &asked, &holding, revision, err);
}

bool
revision_revoke(const struct turn *turn, const char *id, struct revision *revision, struct err *err)
{
    struct holding holding;
    struct asked asked;

    if (!db_begin(turn->db, err) || !hold(turn, HOLD_TO_TAKE, id, &holding, err))
        return false;
    asked = asked_by(turn, &holding);
    return db_commit_next(turn->db) &&
        (holding.revision_status == STATUS_REVOKED
                ? revision_get(turn->db, id, revision, err)
                : revision_drop(turn->db, &asked, &holding, revision, err));
}

/* -- read ---------------------------------------------------------------------------------- */

bool
revision_read(const struct turn *turn, const char *id, struct revision *revision, struct err *err)
{
    return revision_get(turn->db, id, revision, err) &&
        reach_owner(turn, revision->user_id, revision->user_role, ERR_REVISION_NOT_FOUND, err);
}

bool
revisions_of_connection(const struct turn *turn, const char *connection_id,
    const struct revisions_query *in, struct list *revisions, struct err *err)
{
    struct connection connection;

    return connection_read(turn, connection_id, &connection, err) &&
        revisions_list(turn->db, connection_id, in, revisions, err);
}
