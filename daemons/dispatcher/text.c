#include "dispatcher/text.h"

#include <assert.h>
#include <string.h>

#include "schema/write.h"

enum {
    ROOM_FIRST = 1024
};

void
text_add(struct text *text, const char *piece, size_t size)
{
    size_t room = text->room > 0 ? text->room : ROOM_FIRST;

    while (room < text->size + size + 1)
        room *= 2;
    if (room > text->room) {
        char *data = arena_alloc(text->arena, room);
        if (text->size > 0)
            memcpy(data, text->data, text->size);
        text->data = data;
        text->room = room;
    }
    memcpy(text->data + text->size, piece, size);
    text->size += size;
    text->data[text->size] = '\0';
}

static void
add(struct text *text, const char *piece)
{
    text_add(text, piece, strlen(piece));
}

void
text_add_object(struct text *text, const struct schema *schema, const void *record, const char *key,
    const char *value)
{
    struct json_object *json = write_json(schema, record);
    const char *head = json_text(json);
    size_t size = strlen(head);

    assert(size > 2 && head[size - 1] == '}'); /* an object with a member */
    text_add(text, head, size - 1);
    add(text, ",\"");
    add(text, key);
    add(text, "\":");
    add(text, value);
    add(text, "}");
    json_object_put(json);
}
