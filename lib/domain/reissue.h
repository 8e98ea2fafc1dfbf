/*
 * Reissuing: what users have is sent to nodes again, under new versions. Their credentials stay;
 * their configurations are rebuilt for today's endpoints (domain/rebuild.h) unless that is not
 * wanted. An actor's run is of what he and those below him have. A thousand connections are one
 * transaction, so that nobody waits for long.
 */
#ifndef TG_DOMAIN_REISSUE_H
#define TG_DOMAIN_REISSUE_H

#include "domain/turn.h"

struct reissue {
    struct opt_int user_id;
    const char *node_id; /* what its role has an inbound for; NULL: all */
    bool rebuild;
};

extern const struct schema reissue_schema;

struct reissued {
    int64_t events;
};

extern const struct schema reissued_schema;

/* ERR_USER_NOT_FOUND, ERR_NODE_NOT_FOUND; ERR_NO_ENDPOINT and ERR_REALITY_KEYS where there is
 * nothing to rebuild from; ERR_LATE when there are more than the turn's deadline lets through:
 * those before it are reissued then. */
bool reissue_current(const struct turn *turn, const struct reissue *in, struct reissued *reissued,
    struct err *err) MUST_CHECK;

#endif
