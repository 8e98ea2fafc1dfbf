/*
 * A text that grows in an arena.
 *
 *     struct text text = {.arena = arena};
 *
 *     text_add(&text, piece, size);
 *     text_put(&text, "word");
 *     ... text.data, text.size
 */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include "base/arena.h"

struct text {
    struct arena *arena;
    char *data; /* data[size] is 0, once there is something */
    size_t size, room;
};

void text_add(struct text *text, const char *piece, size_t size);
void text_put(struct text *text, const char *piece);

#endif
