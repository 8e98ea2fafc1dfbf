/*
 * The camouflage catalogue: the names that a REALITY client may pretend to visit.
 */
#ifndef TG_DOMAIN_CATALOG_H
#define TG_DOMAIN_CATALOG_H

#include "domain/turn.h"

struct sni {
    int64_t id; /* above 0 */
    const char *fqdn;
};

/* What an issuing wishes for; without any wish it gets the first enabled name by id. */
struct catalog_wish {
    struct opt_int id;
    const char *provider; /* a tag; NULL for any. When no enabled name has it, any will do */
};

/* From turn->catalog, under turn->settings' suffix policy. ERR_SNI_NONE, ERR_SNI_UNAVAILABLE,
 * ERR_SNI_POLICY. */
bool catalog_choose(const struct turn *turn, const struct catalog_wish *wish,
    const struct sni **sni, struct err *err) MUST_CHECK;

#endif
