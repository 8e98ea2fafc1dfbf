#include "init_db/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "domain/scopes.h"
#include "init_db/config.h"
#include "schema/json.h"
#include "store/adoption.h"
#include "store/oddities.h"

enum {
    PAGE = 500
};

struct finding {
    const char *table, *id, *detail, *fate;
};

/* What was read from the database forges no line. */
static void
print(const struct finding *finding, size_t *count)
{
    char line[1024];
    int size = snprintf(line, sizeof(line), "%s %s: %s; %s", finding->table, finding->id,
        finding->detail, finding->fate);

    for (int i = 0; i < size && line[i] != '\0'; i++) {
        if ((unsigned char)line[i] < ' ' || line[i] == '\177')
            line[i] = ' ';
    }
    puts(line);
    (*count)++;
}

static bool
check_rows(struct db *db, int64_t stage, size_t *count, struct err *err)
{
    for (size_t i = 0; i < oddity_kinds_count; i++) {
        const struct oddity_kind *kind = &oddity_kinds[i];
        struct list rows;

        if (stage >= kind->before)
            continue;
        if (!oddities_read(db, kind, &rows, err))
            return false;
        for (const struct oddity *at = rows.at, *end = at + rows.count; at != end; at++)
            print(&(struct finding){kind->table, at->id, at->detail, kind->fate}, count);
    }
    return true;
}

/* -- configurations ------------------------------------------------------------------------ */

/* A page lives in an arena of its own: there may be millions. The last id, NULL at the end. */
static bool
check_page(struct db *db, char last[UUID_SIZE], size_t *count, struct err *err)
{
    struct list page;
    bool first = *last == '\0';

    if (!given_read(db, first ? NULL : last, PAGE, &page, err))
        return false;
    *last = '\0';
    for (const struct given *at = page.at, *end = at + page.count; at != end; at++) {
        const char *fault =
            at->config == NULL ? NULL : config_fault(at->protocol, at->config, db->arena);

        if (fault != NULL)
            print(&(struct finding){"connection_revision", at->id, fault, "left as it is"}, count);
        if (page.count == PAGE)
            memcpy(last, at->id, UUID_SIZE);
    }
    return true;
}

static bool
check_configs(struct db *db, size_t *count, struct err *err)
{
    struct arena *arena = db->arena, page = {0};
    char last[UUID_SIZE] = "";
    bool done;

    do {
        db->arena = &page;
        done = check_page(db, last, count, err);
        db->arena = arena;
        arena_reset(&page);
    } while (done && *last != '\0');
    return done;
}

/* -- tokens -------------------------------------------------------------------------------- */

static bool
is_known(struct json_object *scope)
{
    for (size_t i = 0; scope_names[i] != NULL; i++) {
        if (json_object_is_type(scope, json_type_string) &&
            str_eq(scope_names[i], json_object_get_string(scope)))
            return true;
    }
    return false;
}

/* NULL: nothing is. */
static const char *
scopes_fault(const struct token_scopes *token, struct arena *arena)
{
    struct json_object *scopes;
    size_t unknown = 0;
    bool any = false;

    if (!json_read(arena, token->scopes, strlen(token->scopes), &scopes) ||
        !json_object_is_type(scopes, json_type_array))
        return "its scopes are no list, which gives it none";
    for (size_t i = 0; i < json_object_array_length(scopes); i++) {
        struct json_object *scope = json_object_array_get_idx(scopes, i);

        any = any || str_eq(json_text(scope), "\"*\"");
        unknown += !is_known(scope);
    }
    if (unknown > 0)
        return arena_printf(
            arena, "%zu of its scopes are unknown here: %s", unknown, json_text(scopes));
    return any ? "may do everything (\"*\")" : NULL;
}

static bool
check_tokens(struct db *db, int64_t stage, size_t *count, struct err *err)
{
    struct list tokens;

    if (!tokens_scopes(db, stage, &tokens, err))
        return false;
    for (const struct token_scopes *at = tokens.at, *end = at + tokens.count; at != end; at++) {
        const char *fault = scopes_fault(at, db->arena);
        bool any = fault != NULL && strstr(fault, "\"*\"") != NULL;

        if (fault == NULL)
            continue;
        fault = arena_printf(db->arena, "\"%s\" %s", at->name, fault);
        print(&(struct finding){"api_token", at->id, fault, any ? "left as it is" : "dropped"},
            count);
    }
    return true;
}

bool
check(struct db *db, size_t *count, struct err *err)
{
    struct adoption found;

    *count = 0;
    if (!adoption_look(db, &found, err))
        return false;
    if (found.stage == 0) {
        puts("The database is new: there is nothing to check.");
        return true;
    }
    if (!check_rows(db, found.stage, count, err) || !check_configs(db, count, err) ||
        !check_tokens(db, found.stage, count, err))
        return false;
    printf("%zu odd rows.\n", *count);
    return true;
}
