/* Links: a configuration in one line, as clients import it. */
#ifndef TG_EXPORT_LINK_H
#define TG_EXPORT_LINK_H

#include "base/err.h"
#include "store/connections.h"
#include "store/revisions.h"

/* From source->effective_config_json. ERR_INTERNAL when that is not what was once written. */
typedef bool link_fn(
    const struct export_source *source, struct arena *arena, const char **link, struct err *err);

link_fn link_reality; /* vless:// */

#endif
