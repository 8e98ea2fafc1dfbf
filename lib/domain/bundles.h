/*
 * Bundles: the folder BUNDLE_ROOT has one folder per role with its base configuration, rendered.
 * Reapplying reads them anew and tells the nodes.
 */
#ifndef TG_DOMAIN_BUNDLES_H
#define TG_DOMAIN_BUNDLES_H

#include "domain/turn.h"
#include "store/outbox.h"

enum reapply_field {
    REAPPLY_ROLE,
};

struct reapply {
    uint64_t present;
    int role; /* enum node_role; every role that has a folder when absent */
};

extern const struct schema reapply_schema;

/* struct event, one per role. ERR_BUNDLE: a folder is missing or empty, or a file still holds a
 * placeholder (the file and the placeholder are named); ERR_BUNDLE_SIZE. */
bool bundles_reapply(const struct turn *turn, const struct reapply *in, struct list *events,
    struct err *err) MUST_CHECK;

#endif
