#include "agent/part.h"

#include <string.h>

bool
part_put(struct state *state, const struct part *part, struct err *err)
{
    const struct sql_arg others[] = {sql_text(part->snapshot), SQL_END};
    const struct sql_arg args[] = {sql_text(part->snapshot), sql_int(part->n), sql_text(part->sum),
        sql_bytes(part->body, part->size), SQL_END};

    return sql_run(&state->sql, SQL_PART_DROP_OTHERS, others, err) &&
        sql_run(&state->sql, SQL_PART_PUT, args, err);
}

bool
part_check(struct state *state, const char *snapshot, int64_t parts, const char sum[SUM_SIZE],
    bool *whole, struct err *err)
{
    const struct sql_arg args[] = {sql_text(snapshot), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_PART_SUMS, args);
    struct arena arena = {0};
    size_t length = SUM_SIZE - 1;
    char *sums = arena_alloc(&arena, (size_t)parts * length + 1);
    char have[SUM_SIZE];
    int64_t count = 0;

    *whole = true;
    while (sql_next(&state->sql, rows)) {
        *whole = *whole && count < parts && sqlite3_column_int64(rows, 0) == count + 1;
        if (*whole)
            memcpy(sums + (size_t)count++ * length, sqlite3_column_text(rows, 1), length);
    }
    sha256_hex(sums, strlen(sums), have);
    *whole = *whole && count == parts && str_eq(have, sum);
    arena_reset(&arena);
    return sql_done(&state->sql, err);
}

bool
part_find(struct state *state, struct part *part, struct arena *arena, struct err *err)
{
    const struct sql_arg args[] = {sql_text(part->snapshot), sql_int(part->n), SQL_END};
    sqlite3_stmt *rows = sql_open(&state->sql, SQL_PART_BODY, args);

    part->body = NULL;
    if (sql_next(&state->sql, rows)) {
        part->size = (size_t)sqlite3_column_bytes(rows, 0);
        part->body = arena_strdup(arena, (const char *)sqlite3_column_text(rows, 0));
    }
    sql_end(rows);
    return sql_done(&state->sql, err);
}

bool
part_drop_all(struct state *state, struct err *err)
{
    const struct sql_arg none[] = {SQL_END};

    return sql_run(&state->sql, SQL_PART_DROP_ALL, none, err);
}
