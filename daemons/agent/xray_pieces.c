#include "agent/xray_pieces.h"

#include <string.h>

#include "schema/json.h"

static const char *
mark_of(struct arena *arena, size_t tag)
{
    return arena_printf(arena, "@tracegate users %zu@", tag);
}

/* The first mark in the text; its place and size with the quotes. NULL: there is none. */
static const char *
find_mark(struct arena *arena, const char *text, enum xray_tag *tag, size_t *size)
{
    const char *first = NULL;

    for (size_t i = 0; i < XRAY_TAGS; i++) {
        const char *mark = arena_printf(arena, "\"%s\"", mark_of(arena, i));
        const char *at = strstr(text, mark);
        if (at == NULL || (first != NULL && at > first))
            continue;
        first = at;
        *tag = (enum xray_tag)i;
        *size = strlen(mark);
    }
    return first;
}

static void
add(struct xray_pieces *pieces, const char *text, size_t size, enum xray_tag users)
{
    pieces->at[pieces->count++] = (struct xray_piece){text, size, users};
}

static void
cut(struct xray_pieces *pieces, const char *text, struct arena *arena)
{
    enum xray_tag tag = XRAY_TAGS;
    size_t size = 0;

    pieces->count = 0;
    for (const char *mark; (mark = find_mark(arena, text, &tag, &size)) != NULL; text = mark + size)
        add(pieces, text, (size_t)(mark - text), tag);
    add(pieces, text, strlen(text), XRAY_TAGS);
}

bool
xray_pieces_cut(
    struct xray_pieces *pieces, const struct xray_base *base, const char *role, struct arena *arena)
{
    struct json_object *json, *users[XRAY_TAGS];

    pieces->count = 0;
    if (!json_read(arena, base->text, base->size, &json))
        return false;
    xray_base_users(json, users);
    for (size_t i = 0; i < XRAY_TAGS; i++) {
        if (users[i] != NULL && xray_tag_managed((enum xray_tag)i, role))
            json_object_array_add(users[i], json_object_new_string(mark_of(arena, i)));
    }
    cut(pieces, arena_strdup(arena, json_text(json)), arena);
    return true;
}
