/*
 * Rebuilding: a configuration for today's endpoints. Where a client connects to is made anew, by
 * the same steps that issue one; who it is, what was chosen for it and how it behaves is kept.
 */
#ifndef TG_DOMAIN_REBUILD_H
#define TG_DOMAIN_REBUILD_H

#include "domain/issue.h"
#include "schema/json.h"

/* What is new in every configuration of the connection: members of a JSON object, in the turn's
 * arena. Empty where nothing can be said, since its overrides are not what they should be.
 * ERR_NO_ENDPOINT, ERR_REALITY_KEYS. */
bool rebuild_patch(const struct turn *turn, const struct holding *holding,
    struct json_object **patch, struct err *err) MUST_CHECK;

/* The patch's members take the place of those of the object, to any depth; whether that changed
 * anything. */
bool rebuild_merge(struct json_object *into, struct json_object *patch);

#endif
