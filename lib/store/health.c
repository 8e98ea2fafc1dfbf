#include "store/health.h"

static const struct field health_fields[] = {
    F_BOOL(struct database_health, migrated, F_REQUIRED),
    F_OPT_INT(struct database_health, outbox_oldest_seconds, 0, 0, INT64_MAX),
};
static const struct schema health_schema = SCHEMA(struct database_health, health_fields);

static const struct query HEALTH_GET = {
    .name = "health_get",
    .sql = "select exists (select from schema_migration where version >= " TG_MIGRATION
           ") as migrated, (select greatest(0, extract(epoch from now() - min(created_at)))::bigint"
           " from outbox_event where gen is null) as outbox_oldest_seconds",
    .row = &health_schema,
};

bool
health_get(struct db *db, struct database_health *health, struct err *err)
{
    return db_one(db, &HEALTH_GET, DB_NO_ARGS, health, err);
}
