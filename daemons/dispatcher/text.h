/*
 * JSON that is put together from JSON: payloads are made once, as text, and travel in bodies of
 * many. Nothing is escaped here: every piece is already a JSON text.
 */
#ifndef TG_DISPATCHER_TEXT_H
#define TG_DISPATCHER_TEXT_H

#include "base/text.h"
#include "schema/schema.h"

/* An object of the schema, with one more member at its end, whose value is a JSON text. */
void text_add_object(struct text *text, const struct schema *schema, const void *record,
    const char *key, const char *value);

#endif
