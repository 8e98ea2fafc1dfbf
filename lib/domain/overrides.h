/*
 * Overrides: what a client may be told differently from the defaults. Each protocol has its record
 * (data: only these keys, with these values); ports of servers, listeners, secrets of statistics
 * and masquerade are in none.
 */
#ifndef TG_DOMAIN_OVERRIDES_H
#define TG_DOMAIN_OVERRIDES_H

#include "base/err.h"
#include "schema/schema.h"

struct reality_overrides {
    int64_t camouflage_sni_id; /* 0: not overridden */
    int64_t connect_timeout_ms, dial_timeout_ms;
    int64_t local_socks_port;
    bool tcp_fast_open;
};

extern const struct schema reality_overrides_schema;

/* The object as a record of the schema. ERR_OVERRIDES, naming every key that is not known or has
 * a value it cannot have. */
bool overrides_read(const struct schema *schema, const char *json, struct arena *arena,
    const void **record, struct err *err) MUST_CHECK;

#endif
