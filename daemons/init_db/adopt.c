#include "init_db/adopt.h"

#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "domain/scopes.h"
#include "schema/json.h"
#include "store/adoption.h"
#include "store/oddities.h"
#include "store/tokens.h"

/* -- what it would do ---------------------------------------------------------------------- */

static void
print_found(const struct adoption *found, const struct migration *files)
{
    const struct adoption_size *size = &found->size;

    printf("This database belongs to an earlier program. It is at stage %lld (%s, %s%s):\n"
           "%lld users, %lld devices, %lld connections, %lld revisions, %lld nodes.\n\n"
           "Nothing has been changed. With --adopt, and in this order, this would\n\n",
        (long long)found->stage, files[found->stage - 1].name,
        found->revision == NULL ? "without a version table" : "revision ",
        found->revision == NULL ? "" : found->revision, (long long)size->users,
        (long long)size->devices, (long long)size->connections, (long long)size->revisions,
        (long long)size->nodes);
    printf("  - record the first %lld migrations as applied, and write " MIGRATE_CLAIM " into\n"
           "    alembic_version, so that the earlier program refuses to work here;\n",
        (long long)found->stage);
}

static void
print_migrations(const struct migrator *migrator, int64_t stage)
{
    const struct migration *files = migrator->files.at;

    fputs("  - apply, each in a transaction of its own,\n", stdout);
    for (size_t i = (size_t)stage; i < migrator->files.count; i++)
        printf("      %s\n", files[i].name);
}

static bool
print_changes(struct db *db, int64_t stage, struct err *err)
{
    size_t changed = 0;

    fputs("    and thereby change these rows, which break a rule,\n", stdout);
    for (size_t i = 0; i < oddity_kinds_count; i++) {
        const struct oddity_kind *kind = &oddity_kinds[i];
        struct list rows;

        if (kind->before == INT64_MAX || stage >= kind->before)
            continue;
        if (!oddities_read(db, kind, &rows, err))
            return false;
        if (rows.count > 0)
            printf("      %6zu  %s: %s: %s\n", rows.count, kind->table, kind->what, kind->fate);
        changed += rows.count;
    }
    if (changed == 0)
        fputs("      (there are none)\n", stdout);
    return true;
}

static bool
print_rest(struct db *db, const struct adoption *found, struct err *err)
{
    struct list tokens;

    if (!tokens_scopes(db, found->stage, &tokens, err))
        return false;
    printf("    leave every other row, and every credential, as it is;\n"
           "  - drop the old outbox with %lld undelivered events: instead, each of the %lld nodes\n"
           "    gets a snapshot of everything;\n"
           "  - keep the %zu tokens%s, without scopes that are unknown here;\n"
           "  - make the address pool, the partitions and the superadmins of the settings.\n\n",
        (long long)found->size.undelivered, (long long)found->size.nodes, tokens.count,
        found->stage < ADOPTION_STAGES ? ", which may do everything (\"*\")" : "");
    printf("--check lists those rows one by one, and what else is odd.\n\n"
           "The only way back is a backup. Stop the earlier program (%lld other sessions are\n"
           "connected), make a backup and try whether it can be read,\n\n"
           "    pg_dump -Fc -f before-adoption.dump \"$DATABASE_URL\"\n\n"
           "and then run this again with --adopt.\n",
        (long long)found->size.sessions);
    return true;
}

static bool
explain(
    const struct migrator *migrator, struct db *db, const struct adoption *found, struct err *err)
{
    print_found(found, migrator->files.at);
    print_migrations(migrator, found->stage);
    return print_changes(db, found->stage, err) && print_rest(db, found, err) &&
        err_say(err, ERR_INSTALLATION,
            "An installation of an earlier program was found; nothing was changed: make a backup,"
            " then say --adopt");
}

bool
adopt(struct migrator *migrator, struct db *db, bool asked, struct err *err)
{
    struct adoption found;

    if (!adoption_look(db, &found, err))
        return false;
    if (!found.found)
        return true;
    if ((size_t)found.stage > migrator->files.count)
        return err_say(err, ERR_MIGRATION, "the migrations of the earlier program are missing");
    if (!asked)
        return explain(migrator, db, &found, err);
    log_info("adopting=%s stage=%lld users=%lld revisions=%lld",
        found.revision == NULL ? "unstamped" : found.revision, (long long)found.stage,
        (long long)found.size.users, (long long)found.size.revisions);
    return migrate_stamp(migrator, (size_t)found.stage, err);
}

/* -- tokens -------------------------------------------------------------------------------- */

static const char *
known_scopes(struct arena *arena)
{
    struct json_object *json = json_object_new_array();

    json_adopt(arena, json);
    for (size_t i = 0; scope_names[i] != NULL; i++)
        json_object_array_add(json, json_object_new_string(scope_names[i]));
    return json_text(json);
}

bool
adopt_tokens(struct db *db, bool all, struct err *err)
{
    struct list changed, tokens = {0};

    if (!tokens_drop_unknown(db, known_scopes(db->arena), &changed, err) ||
        (changed.count > 0 && !tokens_changed(db, err)) ||
        (all && !tokens_scopes(db, INT64_MAX, &tokens, err)))
        return false;
    for (const struct token_scopes *at = changed.at, *end = at + changed.count; at != end; at++)
        log_warn("token=%s name=\"%s\" scopes=%s detail=\"some are unknown, dropping those\"",
            at->id, at->name, at->scopes);
    for (const struct token_scopes *at = tokens.at, *end = at + tokens.count; at != end; at++) {
        if (str_eq(at->scopes, "[\"*\"]"))
            log_warn("token=%s name=\"%s\" scopes=%s detail=\"may do everything, leaving it so\"",
                at->id, at->name, at->scopes);
    }
    return true;
}
