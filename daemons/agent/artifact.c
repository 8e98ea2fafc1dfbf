#include "agent/artifact.h"

#include <string.h>

bool
artifact_put(struct state *state, const struct change *change, struct err *err)
{
    const struct sql_arg args[] = {sql_text(change->component), sql_text(change->key),
        sql_int(change->ver), sql_int(change->gen),
        sql_bytes(change->payload, change->payload_size), sql_int(change->max_attempts),
        sql_text(change->code), sql_int(change->seen), sql_int(!change->any_version),
        sql_int(time_now()), SQL_END};

    const struct sql_arg seen[] = {
        sql_text(change->component), sql_text(change->key), sql_int(change->seen), SQL_END};

    if (!sql_run(&state->sql, SQL_PUT, args, err))
        return false;
    return sqlite3_changes(state->sql.db) > 0 || sql_run(&state->sql, SQL_SEEN, seen, err);
}

/* The texts are SQLite's, until the next step. */
static struct artifact
read_row(sqlite3_stmt *rows)
{
    return (struct artifact){
        .wish =
            {
                .key = (const char *)sqlite3_column_text(rows, 0),
                .ver = sqlite3_column_int64(rows, 1),
                .gen = sqlite3_column_int64(rows, 2),
                .removed = sqlite3_column_int(rows, 3) != 0,
                .rejected = sqlite3_column_int(rows, 4) != 0,
                .payload = (const char *)sqlite3_column_text(rows, 5),
                .payload_size = (size_t)sqlite3_column_bytes(rows, 5),
            },
        .fails = sqlite3_column_int64(rows, 6),
        .max_attempts = sqlite3_column_int64(rows, 7),
        .done_ver = sqlite3_column_int64(rows, 8),
        .since = sqlite3_column_int64(rows, 9),
        .came_at = sqlite3_column_int64(rows, 10),
    };
}

bool
artifact_find(struct state *state, const char *component, const char *key, struct arena *arena,
    struct artifact *artifact, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_text(key), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_FIND, args);

    *artifact = (struct artifact){0};
    if (sql_next(&state->sql, rows)) {
        *artifact = read_row(rows);
        artifact->wish.key = arena_strdup(arena, artifact->wish.key);
        if (artifact->wish.payload != NULL)
            artifact->wish.payload = arena_strdup(arena, artifact->wish.payload);
    }
    sql_end(rows);
    return sql_done(&state->sql, err);
}

static const char *
copy_text(sqlite3_stmt *rows, int column, struct arena *arena)
{
    const unsigned char *text = sqlite3_column_text(rows, column);

    return arena_strdup(arena, text == NULL ? "" : (const char *)text);
}

bool
artifact_standing(struct state *state, const char *component, const char *key, struct arena *arena,
    struct standing *standing, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_text(key), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_SETTLED, args);

    *standing = (struct standing){.settled = true};
    if (sql_next(&state->sql, rows)) {
        standing->settled = sqlite3_column_int(rows, 0) != 0;
        if (sqlite3_column_type(rows, 2) != SQLITE_NULL)
            standing->rejection =
                (struct rejection){arena_strdup(arena, key), sqlite3_column_int64(rows, 1),
                    copy_text(rows, 2, arena), copy_text(rows, 3, arena)};
    }
    sql_end(rows);
    return sql_done(&state->sql, err);
}

static bool
visit_all(
    struct state *state, sqlite3_stmt *rows, artifact_visit *visit, void *object, struct err *err)
{
    while (sql_next(&state->sql, rows)) {
        struct artifact artifact = read_row(rows);
        visit(object, &artifact);
    }
    return sql_done(&state->sql, err);
}

bool
artifact_page(struct state *state, const char *component, const struct page *page,
    artifact_visit *visit, void *object, struct err *err)
{
    const struct sql_arg args[] = {
        sql_text(component), sql_text(page->after), sql_int(page->limit), SQL_END};

    return visit_all(state, sql_open(&state->sql, SQL_PAGE, args), visit, object, err);
}

bool
artifact_pending(struct state *state, const char *component, const struct place *place,
    artifact_visit *visit, void *object, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_int(place->since),
        sql_int(place->removed), sql_text(place->key), sql_int(PENDING_SLICE), SQL_END};

    return visit_all(state, sql_open(&state->sql, SQL_PENDING, args), visit, object, err);
}

bool
artifact_oldest(struct state *state, const char *component, int64_t *since, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_OLDEST, args);

    *since = INT64_MAX;
    if (sql_next(&state->sql, rows) && sqlite3_column_type(rows, 0) != SQLITE_NULL)
        *since = sqlite3_column_int64(rows, 0);
    sql_end(rows);
    return sql_done(&state->sql, err);
}

bool
artifact_count(
    struct state *state, const char *component, struct artifact_counts *counts, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_COUNTS, args);

    *counts = (struct artifact_counts){0};
    if (sql_next(&state->sql, rows)) {
        counts->pending = sqlite3_column_int64(rows, 0);
        counts->kept = sqlite3_column_int64(rows, 1);
    }
    sql_end(rows);
    return sql_done(&state->sql, err);
}

/* -- marks --------------------------------------------------------------------------------- */

bool
artifact_done(
    struct state *state, const char *component, const char *key, int64_t ver, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_text(key), sql_int(ver), SQL_END};

    return sql_run(&state->sql, SQL_DONE, args, err);
}

bool
artifact_failed(struct state *state, const char *component, const char *key, int64_t ver,
    const char *detail, struct err *err)
{
    const struct sql_arg args[] = {
        sql_text(component), sql_text(key), sql_int(ver), sql_text(detail), SQL_END};

    return sql_run(&state->sql, SQL_FAILED, args, err);
}

bool
artifact_reject(
    struct state *state, const char *component, const struct rejection *rejection, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_text(rejection->aggregate_id),
        sql_int(rejection->ver), sql_text(rejection->code), sql_text(rejection->detail), SQL_END};

    return sql_run(&state->sql, SQL_REJECTED, args, err);
}

bool
artifact_rejections(struct state *state, const char *component, struct arena *arena,
    struct rejections *list, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_int(REJECTIONS_MAX), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_REJECTED_LIST, args);

    list->at = arena_alloc(arena, REJECTIONS_MAX * sizeof(*list->at));
    list->count = 0;
    while (sql_next(&state->sql, rows))
        list->at[list->count++] = (struct rejection){
            .aggregate_id = copy_text(rows, 0, arena),
            .ver = sqlite3_column_int64(rows, 1),
            .code = copy_text(rows, 2, arena),
            .detail = copy_text(rows, 3, arena),
        };
    return sql_done(&state->sql, err);
}

bool
artifact_differs(
    struct state *state, const char *component, const char *key, int64_t since, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), sql_text(key), sql_int(since), SQL_END};

    return sql_run(&state->sql, SQL_DIFFERS, args, err);
}

/* -- many at once -------------------------------------------------------------------------- */

bool
artifact_adopt(struct state *state, const char *component, struct err *err)
{
    const struct sql_arg args[] = {sql_text(component), SQL_END};

    return sql_run(&state->sql, SQL_ADOPT, args, err);
}

bool
artifact_absent(struct state *state, int64_t seen, int64_t gen, struct err *err)
{
    const struct sql_arg args[] = {sql_int(seen), sql_int(gen), sql_int(time_now()), SQL_END};

    return sql_run(&state->sql, SQL_ABSENT, args, err);
}

bool
artifact_forget_generations(struct state *state, struct err *err)
{
    const struct sql_arg none[] = {SQL_END};

    return sql_run(&state->sql, SQL_EPOCH_RESET, none, err) &&
        sql_run(&state->sql, SQL_CONVERGED_RESET, none, err);
}
