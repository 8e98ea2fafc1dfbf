/* What every form is made by: a text from a configuration. The tables of export.c name them. */
#ifndef TG_EXPORT_FORM_H
#define TG_EXPORT_FORM_H

#include "base/arena.h"
#include "base/err.h"
#include "store/connections.h"
#include "store/revisions.h"

/* From source->effective_config_json. ERR_EXPORT_CONFIG when it lacks what the form needs;
 * ERR_EXPORT_FORMAT when the program could not do with it what it says. */
typedef bool form_fn(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err);

/* The name that clients show. */
const char *form_title(const struct export_source *source, struct arena *arena);

#endif
