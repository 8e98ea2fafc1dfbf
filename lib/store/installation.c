#include "store/installation.h"

static const struct query SUPERADMINS = {
    .name = "installation_superadmins",
    .sql = "update tg_user set role = 'superadmin', updated_at = now() where role <> 'superadmin'"
           " and telegram_id in (select value::bigint from jsonb_array_elements_text($1::jsonb))",
};

bool
installation_superadmins(
    struct db *db, const char *telegram_ids, int64_t *promoted, struct err *err)
{
    return db_exec(db, &SUPERADMINS, DB_ARGS(arg_text(telegram_ids)), promoted, err);
}

static const struct query POOL = {
    .name = "installation_pool",
    .sql = "insert into ipam_pool (id, cidr, gateway, quarantine_seconds, created_at)"
           " values ($1, '10.70.0.0/24', '10.70.0.1', 1800, now()) on conflict (cidr) do nothing",
};

bool
installation_pool(struct db *db, const char *id, struct err *err)
{
    return db_exec(db, &POOL, DB_ARGS(arg_text(id)), NULL, err);
}

static const struct query PARTITIONS = {
    .name = "installation_partitions", .sql = "select partitions_ahead()"};

bool
installation_partitions(struct db *db, struct err *err)
{
    return db_exec(db, &PARTITIONS, DB_NO_ARGS, NULL, err);
}

struct news {
    bool is_new;
};

static const struct field news_fields[] = {F_BOOL(struct news, is_new, F_REQUIRED)};
static const struct schema news_schema = SCHEMA(struct news, news_fields);

static const struct query IS_NEW = {
    .name = "installation_is_new",
    .sql = "select not exists (select from incarnation) as is_new",
    .row = &news_schema,
};

bool
installation_is_new(struct db *db, bool *is_new, struct err *err)
{
    struct news news;

    if (!db_one(db, &IS_NEW, DB_NO_ARGS, &news, err))
        return false;
    *is_new = news.is_new;
    return true;
}

static const struct query INCARNATION = {
    .name = "installation_incarnation",
    .sql = "insert into incarnation (epoch, system_id, timeline, database_oid)"
           " select $1, s.system_identifier, c.timeline_id, d.oid"
           " from pg_control_system() as s, pg_control_checkpoint() as c, pg_database d"
           " where d.datname = current_database() on conflict (one) do nothing",
};

bool
installation_incarnation(struct db *db, const char *epoch, struct err *err)
{
    return db_exec(db, &INCARNATION, DB_ARGS(arg_text(epoch)), NULL, err);
}
