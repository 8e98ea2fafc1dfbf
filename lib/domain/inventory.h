/*
 * What there is, as metrics; people and credentials by their pseudonyms alone. A worker keeps what
 * it last read, and reads again when somebody asks, 15 s have passed and no other worker is at it.
 *
 *     const char *text = inventory_text(turn, inventory, &size, err);
 */
#ifndef TG_DOMAIN_INVENTORY_H
#define TG_DOMAIN_INVENTORY_H

#include "domain/turn.h"

struct inventory;

/* Lives in the arena, as long as the worker does. */
struct inventory *inventory_new(struct arena *arena);

/* Valid until the next call. What was read last stands in for what cannot be read; NULL, and the
 * reason in `err`, when nothing ever could. */
const char *
inventory_text(const struct turn *turn, struct inventory *inventory, size_t *size, struct err *err);

#endif
