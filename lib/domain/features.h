/* What this installation offers beyond the plain: programs draw only the buttons that work. */
#ifndef TG_DOMAIN_FEATURES_H
#define TG_DOMAIN_FEATURES_H

#include "settings/settings.h"

/* Their names, const char *, in the arena. */
struct list features_of(const struct settings *settings, struct arena *arena);

#endif
