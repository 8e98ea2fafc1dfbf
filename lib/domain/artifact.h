/*
 * Artifacts: the state of one thing that a node must have, as it travels to the node. A payload is
 * the whole truth about its key, read at the moment of sending, so the newest one is enough and a
 * repetition does no harm. Payloads hold credentials: they go to nodes and nowhere else.
 */
#ifndef TG_DOMAIN_ARTIFACT_H
#define TG_DOMAIN_ARTIFACT_H

#include "domain/turn.h"

struct artifact_key {
    const char *component; /* xray, hysteria, wireguard, bundle */
    const char *aggregate_id;
};

struct artifact {
    const char *component;
    const char *aggregate_id;
    const char *event_type;
    struct opt_int ver;  /* null: nothing is known of the key, it has been deleted */
    const char *payload; /* a JSON object; NULL: nothing may be left of it */
};

/* The state of each key (struct artifact_key) for the role, in their order. A component that is not
 * known here leaves its artifact zeroed. */
bool artifacts_of(const struct turn *turn, const char *role, const struct list *keys,
    struct artifact *artifacts, struct err *err) MUST_CHECK;

/* A walk over all that a role has. */
struct artifact_walk {
    size_t kind;       /* 0 to begin */
    const char *after; /* the last key that was given, of this kind; NULL before the first */
    bool done;         /* nothing is left */
};

/* The next page, all of one kind, perhaps with nothing on it; the walk moves behind it, and its
 * `after` then lives in the turn's arena. A page is one statement and well below a megabyte; a
 * bundle has a page for itself. */
bool artifacts_next(const struct turn *turn, const char *role, struct artifact_walk *walk,
    struct list *artifacts, struct err *err) MUST_CHECK;

#endif
