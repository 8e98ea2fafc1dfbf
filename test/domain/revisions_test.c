#include "domain/revisions.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "domain/connections.h"
#include "harness/check.h"
#include "harness/fixture.h"

static struct fixture fixture;

static struct revision
issued(const char *connection_id)
{
    static const struct issue_new in = {0};
    struct revision revision = {0};

    CHECK(revision_issue(&fixture.turn, connection_id, &in, &revision, &fixture.err));
    return revision;
}

/* -- a model of the slots ------------------------------------------------------------------ */

enum {
    KNOWN_MAX = 64,
    STEPS = 400
};

/* What was ever issued, and which of it is where. */
struct model {
    char ids[KNOWN_MAX][UUID_SIZE];
    int known;
    int slots[SLOTS + 1]; /* index into ids */
    int active;
    int64_t ver;
};

static int
slot_of(const struct model *model, int which)
{
    for (int i = 0; i < model->active; i++) {
        if (model->slots[i] == which)
            return i;
    }
    return -1;
}

static void
model_remove(struct model *model, int which)
{
    int at = slot_of(model, which);

    if (at < 0)
        return;
    for (int i = at; i + 1 < model->active; i++)
        model->slots[i] = model->slots[i + 1];
    model->active--;
}

static void
model_raise(struct model *model, int which)
{
    model_remove(model, which);
    for (int i = model->active; i > 0; i--)
        model->slots[i] = model->slots[i - 1];
    model->slots[0] = which;
    model->active = model->active + 1 > SLOTS ? SLOTS : model->active + 1;
    model->ver++;
}

static void
check_like(const struct model *model, const char *connection_id, const char *step)
{
    static const char order[] =
        "select coalesce(sum(case when r.id::text = split_part($1, ' ', r.slot + 2) then 1"
        " else 100 end), 0) as n from connection_revision r"
        " where r.connection_id = split_part($1, ' ', 1)::uuid and r.status = 'active'";
    static const char ver[] = "select ver as n from connection where id = $1";
    const char *text = connection_id;

    for (int i = 0; i < model->active; i++)
        text = arena_printf(&fixture.arena, "%s %s", text, model->ids[model->slots[i]]);
    check_int(step, model->active, fixture_number(&fixture, order, text));
    check_int(step, model->ver, fixture_number(&fixture, ver, connection_id));
}

static void
step_issue(struct model *model, const char *connection_id)
{
    struct revision revision = issued(connection_id);

    memcpy(model->ids[model->known], revision.id, UUID_SIZE);
    CHECK_INT(0, revision.slot);
    model_raise(model, model->known++);
}

static void
step_activate(struct model *model, int which)
{
    struct revision revision;

    CHECK(revision_activate(&fixture.turn, model->ids[which], &revision, &fixture.err));
    CHECK_INT(0, revision.slot);
    CHECK_INT(STATUS_ACTIVE, revision.status);
    model_raise(model, which);
}

static void
step_revoke(struct model *model, int which)
{
    struct revision revision;

    CHECK(revision_revoke(&fixture.turn, model->ids[which], &revision, &fixture.err));
    CHECK_INT(STATUS_REVOKED, revision.status);
    model->ver += slot_of(model, which) >= 0;
    model_remove(model, which);
}

static const char *
step(struct model *model, const char *connection_id, unsigned *seed)
{
    int which = rand_r(seed) % model->known;

    int what = rand_r(seed) % 3;

    if (what == 0 && model->known < KNOWN_MAX) {
        step_issue(model, connection_id);
        return "issue";
    }
    if (what < 2) {
        step_activate(model, which);
        return "activate";
    }
    if (model->active > 1 || slot_of(model, which) < 0)
        step_revoke(model, which);
    return "revoke";
}

static void
test_3_1_slots_are_as_the_model_says(void)
{
    struct connection connection;
    struct model model = {.ver = 0};
    unsigned seed = 31;

    fixture_connect(&fixture, &connection);
    char *id = strdup(connection.id);
    memcpy(model.ids[0], connection.revision->id, UUID_SIZE);
    model.known = 1;
    model_raise(&model, 0);
    for (int i = 0; i < STEPS; i++) {
        fixture_turn(&fixture);
        const char *name = step(&model, id, &seed);
        fixture_turn(&fixture);
        check_like(&model, id, name);
    }
    free(id);
}

/* -- what nodes are told ------------------------------------------------------------------- */

/* Whether these are all events of the connection, in order: type, a minus where access was taken,
 * and version. */
static bool
told(const char *connection_id, const char *want)
{
    static const char sql[] =
        "select count(*) as n from (select string_agg(event_type::text || case when revokes"
        " then '-' else '' end || ver, ' ' order by id) as told from outbox_event"
        " where aggregate_id = split_part($1, '|', 1)) e where told = split_part($1, '|', 2)";

    return fixture_number(
               &fixture, sql, arena_printf(&fixture.arena, "%s|%s", connection_id, want)) == 1;
}

static void
test_3_5_each_change_is_an_event_and_none_is_swallowed(void)
{
    struct connection connection;
    struct revision a, b;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    a = *connection.revision;
    b = issued(connection.id);
    CHECK(revision_activate(&fixture.turn, a.id, &a, &fixture.err));
    CHECK(revision_activate(&fixture.turn, b.id, &b, &fixture.err));
    CHECK(revision_activate(&fixture.turn, a.id, &a, &fixture.err));
    CHECK(told(connection.id, "UPSERT_USER1 UPSERT_USER2 UPSERT_USER3 UPSERT_USER4 UPSERT_USER5"));
}

static void
test_3_5_what_takes_access_away_says_so(void)
{
    struct connection connection;
    struct revision revision;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    const char *first = connection.revision->id;
    issued(connection.id);
    issued(connection.id);
    issued(connection.id); /* pushes the first out */
    CHECK(revision_activate(&fixture.turn, first, &revision, &fixture.err)); /* and the second */
    CHECK(revision_revoke(&fixture.turn, first, &revision, &fixture.err));
    CHECK(revision_revoke(&fixture.turn, first, &revision, &fixture.err)); /* nothing happens */
    CHECK(told(connection.id,
        "UPSERT_USER1 UPSERT_USER2 UPSERT_USER3 UPSERT_USER-4 UPSERT_USER-5 UPSERT_USER-6"));
}

static void
test_3_1_the_last_one_takes_the_connection_with_it(void)
{
    static const char audit[] = "select count(*) as n from audit_log where subject = $1"
                                " and action = 'revisions.revoke'"
                                " and after ->> 'connection_status' = 'revoked'";
    struct connection connection, after;
    struct revision revision;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    CHECK(revision_revoke(&fixture.turn, connection.revision->id, &revision, &fixture.err));
    CHECK(connection_read(&fixture.turn, connection.id, &after, &fixture.err));
    CHECK_INT(STATUS_REVOKED, after.status);
    CHECK(told(connection.id, "UPSERT_USER1 REVOKE_CONNECTION-2"));
    CHECK_INT(1,
        fixture_number(&fixture, audit, arena_printf(&fixture.arena, "revision:%s", revision.id)));
}

static void
test_3_1_a_revoked_revision_shows_no_secret_but_keeps_it(void)
{
    static const char kept[] = "select count(*) as n from connection_revision"
                               " where id = $1 and effective_config_json ? 'uuid'";
    struct connection connection;
    struct revision revision;

    fixture_turn(&fixture);
    fixture_connect(&fixture, &connection);
    issued(connection.id);
    const char *id = connection.revision->id;
    CHECK(strstr(connection.revision->effective_config_json, "\"uuid\"") != NULL);
    CHECK(revision_revoke(&fixture.turn, id, &revision, &fixture.err));
    CHECK(strstr(revision.effective_config_json, "\"uuid\"") == NULL);
    CHECK(strstr(revision.effective_config_json, "\"server\"") != NULL);
    CHECK(revision_read(&fixture.turn, id, &revision, &fixture.err));
    CHECK(strstr(revision.effective_config_json, "\"uuid\"") == NULL);
    CHECK_INT(1, fixture_number(&fixture, kept, id));
    CHECK(revision_activate(&fixture.turn, id, &revision, &fixture.err));
    CHECK(strstr(revision.effective_config_json, "\"uuid\"") != NULL);
}

int
main(void)
{
    fixture_open(&fixture);
    test_3_1_slots_are_as_the_model_says();
    test_3_5_each_change_is_an_event_and_none_is_swallowed();
    test_3_5_what_takes_access_away_says_so();
    test_3_1_the_last_one_takes_the_connection_with_it();
    test_3_1_a_revoked_revision_shows_no_secret_but_keeps_it();
    fixture_close(&fixture);
    return check_report("domain/revisions");
}
