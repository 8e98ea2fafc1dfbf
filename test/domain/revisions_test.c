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

/* The peer of a tunnel follows slot 0, and its version counts the changes of that. */
static void
check_peer_like(const struct model *model, int64_t changes)
{
    static const char key[] =
        "select count(*) as n from wireguard_peer p join connection_revision r"
        " on r.credential_key = p.peer_public_key where r.id = $1";
    static const char ver[] = "select wg_ver as n from device where id = $1";

    check_int("peer", 1, fixture_number(&fixture, key, model->ids[model->slots[0]]));
    check_int("its version", changes, fixture_number(&fixture, ver, FIXTURE_DEVICE));
}

static void
walk(struct model *model, int protocol, const char *connection_id)
{
    unsigned seed = 31;
    int64_t changes = 1;
    int first = 0;

    for (int i = 0; i < STEPS; i++) {
        fixture_turn(&fixture);
        const char *name = step(model, connection_id, &seed);
        changes += model->slots[0] != first;
        first = model->slots[0];
        fixture_turn(&fixture);
        check_like(model, connection_id, name);
        if (protocol == PROTOCOL_WIREGUARD)
            check_peer_like(model, changes);
    }
}

static void
test_3_1_slots_are_as_the_model_says(void)
{
    struct connection connection;
    struct model model;

    for (int protocol = 0; connection_protocol_names[protocol] != NULL; protocol++) {
        fixture_turn(&fixture);
        CHECK(fixture_connect_as(&fixture, protocol, FIXTURE_DEVICE, &connection));
        char *id = strdup(connection.id);
        model = (struct model){.known = 1};
        memcpy(model.ids[0], connection.revision->id, UUID_SIZE);
        model_raise(&model, 0);
        walk(&model, protocol, id);
        free(id);
    }
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

static bool
shows(const struct revision *revision, const char *member)
{
    return strstr(revision->effective_config_json,
               arena_printf(&fixture.arena, "\"%s\":", member)) != NULL;
}

static void
check_hidden(int protocol, const char *secret, const char *open)
{
    static const char kept[] =
        "select count(*) as n from connection_revision where id = split_part($1, ' ', 1)::uuid"
        " and effective_config_json::text like '%\"' || split_part($1, ' ', 2) || '\":%'";
    struct connection connection;
    struct revision revision;

    fixture_turn(&fixture);
    fixture_exec(&fixture, "delete from connection", NULL);
    CHECK(fixture_connect_as(&fixture, protocol, FIXTURE_DEVICE, &connection));
    issued(connection.id);
    const char *id = connection.revision->id;
    CHECK(shows(connection.revision, secret));
    CHECK(revision_revoke(&fixture.turn, id, &revision, &fixture.err));
    CHECK(!shows(&revision, secret) && shows(&revision, open));
    CHECK(revision_read(&fixture.turn, id, &revision, &fixture.err));
    CHECK(!shows(&revision, secret));
    const char *arg = arena_printf(&fixture.arena, "%s %s", id, secret);
    check_int(secret, 1, fixture_number(&fixture, kept, arg));
    CHECK(revision_activate(&fixture.turn, id, &revision, &fixture.err));
    CHECK(shows(&revision, secret));
}

static void
test_3_1_a_revoked_revision_shows_no_secret_but_keeps_it(void)
{
    check_hidden(PROTOCOL_VLESS_REALITY, "uuid", "server");
    check_hidden(PROTOCOL_VLESS_WS_TLS, "uuid", "server_name");
    check_hidden(PROTOCOL_HYSTERIA2, "password", "username");
    check_hidden(PROTOCOL_WIREGUARD, "private_key", "assigned_ip");
    check_hidden(PROTOCOL_WIREGUARD, "preshared_key", "device_public_key");
}

static void
test_3_1_activation_ends_with_the_secret(void)
{
    struct connection connection;
    struct revision revision;

    for (int protocol = 0; connection_protocol_names[protocol] != NULL; protocol++) {
        fixture_turn(&fixture);
        fixture_exec(&fixture, "delete from connection", NULL);
        CHECK(fixture_connect_as(&fixture, protocol, FIXTURE_DEVICE, &connection));
        issued(connection.id);
        const char *id = connection.revision->id;
        CHECK(revision_revoke(&fixture.turn, id, &revision, &fixture.err));
        fixture_exec(&fixture,
            "update connection_revision set revoked_at = now() - interval '3601 s'"
            " where id = $1",
            id);
        CHECK(!revision_activate(&fixture.turn, id, &revision, &fixture.err));
        CHECK_INT(ERR_REVISION_GONE, fixture.err.code);
    }
}

/* As earlier releases wrote them; no key can be made of their credentials. */
static void
test_3_1_of_an_adopted_revision_no_secret_remains(void)
{
    static const char kept[] = "select count(*) as n from connection_revision where id = $1"
                               " and effective_config_json::text like '%secret%'";
    static const char *const configs[] = {
        "{\"protocol\": \"vless\", \"uuid\": \"secret\"}",
        "{\"auth\": {\"type\": \"userpass\", \"password\": \"secret\"},"
        " \"obfs\": {\"type\": \"salamander\", \"password\": \"secret\"}}",
        "{\"interface\": {\"private_key\": \"secret\"}, \"peer\": {\"preshared_key\": \"secret\"}}",
    };
    struct connection connection;
    struct revision revision;
    int64_t count;

    for (size_t i = 0; i < COUNT(configs); i++) {
        fixture_turn(&fixture);
        fixture_exec(&fixture, "delete from connection", NULL);
        fixture_connect(&fixture, &connection);
        issued(connection.id);
        const char *id = connection.revision->id;
        fixture_exec(&fixture,
            "update connection_revision set credential_key = null, credential_shared = true,"
            " effective_config_json = $1::jsonb where slot = 1",
            configs[i]);
        CHECK(revision_revoke(&fixture.turn, id, &revision, &fixture.err));
        CHECK(strstr(revision.effective_config_json, "secret") == NULL);
        CHECK_INT(1, fixture_number(&fixture, kept, id));
        CHECK(revisions_forget(&fixture.db, 3600, &count, &fixture.err));
        CHECK_INT(0, count);
        CHECK(revisions_forget(&fixture.db, -1, &count, &fixture.err));
        CHECK_INT(1, count);
        CHECK_INT(0, fixture_number(&fixture, kept, id));
        CHECK(revisions_forget(&fixture.db, -1, &count, &fixture.err));
        CHECK_INT(0, count);
    }
}

/* -- what it costs ------------------------------------------------------------------------- */

static int64_t
rows_read(void)
{
    return fixture_number(&fixture,
        "select coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as n"
        " from pg_stat_xact_user_tables where relname = 'connection_revision'",
        NULL);
}

/* Rows of the table that one change looks at, within its transaction. */
static int64_t
cost_of_issue(const char *connection_id)
{
    int64_t before, after;

    fixture_turn(&fixture);
    CHECK(db_begin(&fixture.db, &fixture.err));
    before = rows_read();
    issued(connection_id);
    after = rows_read();
    CHECK(db_commit(&fixture.db, &fixture.err));
    return after - before;
}

static int64_t
cost_of_activate(const char *connection_id)
{
    const struct revisions_query in = {.limit = 3};
    struct revision revision;
    struct list revisions;
    int64_t before, after;

    fixture_turn(&fixture);
    CHECK(revisions_of_connection(&fixture.turn, connection_id, &in, &revisions, &fixture.err));
    const char *third = ((const struct revision *)revisions.at)[2].id;
    CHECK(db_begin(&fixture.db, &fixture.err));
    before = rows_read();
    CHECK(revision_activate(&fixture.turn, third, &revision, &fixture.err));
    after = rows_read();
    CHECK(db_commit(&fixture.db, &fixture.err));
    return after - before;
}

static void
test_3_1_a_thousand_past_revisions_cost_nothing(void)
{
    static const char past[] =
        "insert into connection_revision (id, connection_id, slot, status, credential_key,"
        " effective_config_json, created_at, revoked_at) select gen_random_uuid(), connection_id,"
        " n % 3, 'revoked', gen_random_uuid()::text, effective_config_json,"
        " created_at - n * interval '1 min', created_at from connection_revision"
        " cross join generate_series(1, 1000) n where connection_id = $1 and slot = 0"
        " and status = 'active'";
    struct connection connection;
    char id[UUID_SIZE];

    for (int protocol = 0; connection_protocol_names[protocol] != NULL; protocol++) {
        fixture_turn(&fixture);
        fixture_exec(&fixture, "delete from connection", NULL);
        CHECK(fixture_connect_as(&fixture, protocol, FIXTURE_DEVICE, &connection));
        memcpy(id, connection.id, UUID_SIZE);
        issued(id);
        issued(id);
        fixture_exec(&fixture, past, id);
        fixture_exec(&fixture, "analyze connection_revision", NULL);
        CHECK(cost_of_issue(id) <= 4 * SLOTS);
        CHECK(cost_of_activate(id) <= 5 * SLOTS);
    }
}

int
main(void)
{
    fixture_open(&fixture);
    fixture_pool(&fixture);
    test_3_1_slots_are_as_the_model_says();
    test_3_5_each_change_is_an_event_and_none_is_swallowed();
    test_3_5_what_takes_access_away_says_so();
    test_3_1_the_last_one_takes_the_connection_with_it();
    test_3_1_a_revoked_revision_shows_no_secret_but_keeps_it();
    test_3_1_activation_ends_with_the_secret();
    test_3_1_of_an_adopted_revision_no_secret_remains();
    test_3_1_a_thousand_past_revisions_cost_nothing();
    fixture_close(&fixture);
    return check_report("domain/revisions");
}
