/* A credential's name on nodes and in metrics: crypto/pseudonym.h under the program's secret. */
#ifndef TG_DOMAIN_MARKER_H
#define TG_DOMAIN_MARKER_H

#include "domain/turn.h"

/* Of the revision's credential; `variant` is the wire's word. In the turn's arena. */
const char *marker_of(const struct turn *turn, const char *variant, const char *connection_id,
    const char *revision_id);

#endif
