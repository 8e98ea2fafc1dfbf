#include "store/bundles.h"

static const struct field put_fields[] = {F_INT(struct bundle, ver, F_REQUIRED, 1, INT64_MAX)};
static const struct schema put_schema = SCHEMA(struct bundle, put_fields);

static const struct query BUNDLE_PUT = {
    .name = "bundle_put",
    .sql = "insert into bundle (name, role, ver, files, digest, updated_at)"
           " values ($1, $2::node_role, 1, $3::jsonb, $4, now()) on conflict (name) do update set"
           " ver = bundle.ver + 1, files = excluded.files, digest = excluded.digest,"
           " updated_at = now() returning ver",
    .row = &put_schema,
};

bool
bundle_put(struct db *db, struct bundle *bundle, struct err *err)
{
    struct bundle row;

    if (!db_one(db, &BUNDLE_PUT,
            DB_ARGS(arg_text(bundle->name), arg_text(bundle->role), arg_text(bundle->files),
                arg_text(bundle->digest)),
            &row, err))
        return false;
    bundle->ver = row.ver;
    return true;
}
