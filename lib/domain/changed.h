/* What an audit row shows of a record that was changed: the members that differ, before and after.
 */
#ifndef TG_DOMAIN_CHANGED_H
#define TG_DOMAIN_CHANGED_H

#include "schema/schema.h"
#include "store/audit.h"

/* Fills audit->before and audit->after with JSON in the arena. `schema` has the members that may be
 * shown. `before` is NULL for a record that is new, `after` for one that is no more: all of the
 * other is shown then. Returns whether anything differs. */
bool changed_members(const struct schema *schema, const void *before, const void *after,
    struct arena *arena, struct audit *audit);

#endif
