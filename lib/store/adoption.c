#include "store/adoption.h"

#include <string.h>

#include "base/str.h"
#include "db/migrate.h"

enum {
    WORD_MAX = 255
};

static const char *const stage_revisions[ADOPTION_STAGES] = {"10691de66f04", "92b17df9933b",
    "9a47b278d21c", "4c2a0f3d3b1a", "b7e6a1f4c2d9", "8f2d6f1eab44", "c4d9b7a8ef01"};

/* -- what is there ------------------------------------------------------------------------- */

struct sight {
    bool users, versioned, known;
    const char *marks; /* of each stage: whether what it brought is there, 0 or 1 */
};

static const struct field sight_fields[] = {
    F_BOOL(struct sight, users, F_REQUIRED),
    F_BOOL(struct sight, versioned, F_REQUIRED),
    F_BOOL(struct sight, known, F_REQUIRED),
    F_TEXT(struct sight, marks, F_REQUIRED, ADOPTION_STAGES, ADOPTION_STAGES),
};
static const struct schema sight_schema = SCHEMA(struct sight, sight_fields);

static const struct query ADOPTION_SIGHT = {
    .name = "adoption_sight",
    .sql = "select to_regclass('public.tg_user') is not null as users,"
           " to_regclass('public.alembic_version') is not null as versioned,"
           " to_regclass('public.schema_migration') is not null as known,"
           " (select string_agg((exists (select from pg_attribute a"
           " where a.attrelid = to_regclass('public.' || m.t) and a.attname = m.c"
           " and not a.attisdropped) or exists (select from pg_enum e"
           " where e.enumtypid = to_regtype('public.' || m.t) and e.enumlabel = m.c))::int::text,"
           " '' order by m.stage) from (values (1, 'wireguard_peer', 'peer_public_key'),"
           " (2, 'tg_user', 'role'), (3, 'connection_protocol', 'VLESS_WS_TLS'),"
           " (4, 'node_endpoint', 'proxy_fqdn'), (5, 'bot_message_ref', 'chat_id'),"
           " (6, 'tg_user', 'telegram_username'), (7, 'api_token', 'scopes'))"
           " as m (stage, t, c)) as marks",
    .row = &sight_schema,
};

struct version {
    int64_t count;
    const char *revision;
};

static const struct field version_fields[] = {
    F_INT(struct version, count, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct version, revision, F_NULLABLE, 0, WORD_MAX),
};
static const struct schema version_schema = SCHEMA(struct version, version_fields);

static const struct query ADOPTION_REVISION = {
    .name = "adoption_revision",
    .sql = "select count(*) as count, min(version_num)::text as revision"
           " from public.alembic_version",
    .row = &version_schema,
};

static const struct query ADOPTION_KNOWN = {
    .name = "adoption_known",
    .sql = "select count(*) as count, null as revision from public.schema_migration",
    .row = &version_schema,
};

static const struct field size_fields[] = {
    F_INT(struct adoption_size, users, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct adoption_size, devices, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct adoption_size, connections, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct adoption_size, revisions, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct adoption_size, nodes, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct adoption_size, undelivered, F_REQUIRED, 0, INT64_MAX),
    F_INT(struct adoption_size, sessions, F_REQUIRED, 0, INT64_MAX),
};
static const struct schema size_schema = SCHEMA(struct adoption_size, size_fields);

static const struct query ADOPTION_SIZE = {
    .name = "adoption_size",
    .sql = "select (select count(*) from tg_user) as users,"
           " (select count(*) from device) as devices,"
           " (select count(*) from connection) as connections,"
           " (select count(*) from connection_revision) as revisions,"
           " (select count(*) from node_endpoint) as nodes,"
           " (select count(*) from outbox_event where status::text <> 'SENT') as undelivered,"
           " (select count(*) from pg_stat_activity where datname = current_database()"
           " and backend_type = 'client backend' and pid <> pg_backend_pid()"
           " and application_name <> 'tracegate-init-db') as sessions",
    .row = &size_schema,
};

/* -- what it is ---------------------------------------------------------------------------- */

/* Stages follow one another: "1110000" is the third, "1010000" none. */
static bool
find_stage(const char *marks, int64_t *stage)
{
    *stage = (int64_t)strspn(marks, "1");
    return *stage > 0 && strchr(marks + *stage, '1') == NULL;
}

static bool
find_revision(const char *revision, int64_t *stage)
{
    for (*stage = 1; *stage <= ADOPTION_STAGES; (*stage)++) {
        if (str_eq(revision, stage_revisions[*stage - 1]))
            return true;
    }
    return false;
}

static bool
check_revision(const struct version *version, int64_t seen, struct err *err)
{
    int64_t stage;

    if (version->count != 1)
        return err_say(err, ERR_INSTALLATION,
            "alembic_version has %lld rows, where one is expected; nothing was changed",
            (long long)version->count);
    if (str_eq(version->revision, MIGRATE_CLAIM))
        return err_say(err, ERR_INSTALLATION,
            "alembic_version says " MIGRATE_CLAIM ", but schema_migration is lost: this database"
            " has been adopted before, and must come from a backup; nothing was changed");
    if (!find_revision(version->revision, &stage))
        return err_say(err, ERR_INSTALLATION,
            "alembic_version has the revision %.64s, which is unknown here; nothing was changed",
            version->revision);
    return stage == seen ||
        err_say(err, ERR_INSTALLATION,
            "alembic_version has the revision %s, which is stage %lld, but the tables are those of"
            " stage %lld; nothing was changed",
            version->revision, (long long)stage, (long long)seen);
}

static bool
recognise(struct db *db, const struct sight *sight, struct adoption *adoption, struct err *err)
{
    bool whole = find_stage(sight->marks, &adoption->stage);
    struct version version = {0};

    if (sight->versioned && !db_one(db, &ADOPTION_REVISION, DB_NO_ARGS, &version, err))
        return false;
    adoption->revision = version.revision;
    adoption->found = sight->users || version.count > 0;
    if (!adoption->found)
        return true;
    if (sight->versioned && !check_revision(&version, adoption->stage, err))
        return false;
    return whole ? db_one(db, &ADOPTION_SIZE, DB_NO_ARGS, &adoption->size, err)
                 : err_say(err, ERR_INSTALLATION,
                       "Tables of an earlier program are there, but not as any of its releases left"
                       " them; nothing was changed");
}

bool
adoption_look(struct db *db, struct adoption *adoption, struct err *err)
{
    struct sight sight;
    struct version known = {0};

    *adoption = (struct adoption){0};
    if (!db_one(db, &ADOPTION_SIGHT, DB_NO_ARGS, &sight, err) ||
        (sight.known && !db_one(db, &ADOPTION_KNOWN, DB_NO_ARGS, &known, err)))
        return false;
    adoption->stage = known.count;
    return known.count > 0 || recognise(db, &sight, adoption, err);
}
