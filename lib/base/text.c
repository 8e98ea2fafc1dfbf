#include "base/text.h"

#include <string.h>

enum {
    ROOM_FIRST = 1024
};

static void
make_room(struct text *text, size_t size)
{
    size_t room = text->room > 0 ? text->room : ROOM_FIRST;

    while (room < size)
        room *= 2;
    char *data = arena_alloc(text->arena, room);
    if (text->size > 0)
        memcpy(data, text->data, text->size);
    text->data = data;
    text->room = room;
}

void
text_add(struct text *text, const char *piece, size_t size)
{
    if (text->size + size + 1 > text->room)
        make_room(text, text->size + size + 1);
    memcpy(text->data + text->size, piece, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void
text_put(struct text *text, const char *piece)
{
    text_add(text, piece, strlen(piece));
}
