/*
 * The camouflage catalogue: the names that a REALITY client may pretend to visit. It comes from a
 * file (SNI_CATALOG), is read once when the program starts, and a bad one stops the start.
 */
#ifndef TG_DOMAIN_CATALOG_H
#define TG_DOMAIN_CATALOG_H

#include "domain/turn.h"

struct sni {
    int64_t id; /* above 0, ascending in the file */
    const char *fqdn;
    bool enabled;
    bool is_test;
    const char *note;      /* or NULL */
    struct list providers; /* const char *: mobile operators known to zero-rate it */
    int64_t line;          /* of the file */
};

struct catalog {
    struct list names; /* struct sni, by id */
};

extern const struct schema sni_schema;

/* Lives in the arena. ERR_FILE says `path:line: reason`. */
bool catalog_load(
    const char *path, struct arena *arena, struct catalog *catalog, struct err *err) MUST_CHECK;

/* What an issuing wishes for; without any wish it gets the first enabled name by id. */
struct catalog_wish {
    struct opt_int id;
    const char *provider; /* a tag; NULL for any. When no enabled name has it, any will do */
};

/* From turn->catalog, under turn->settings' suffix policy. ERR_SNI_NONE, ERR_SNI_UNAVAILABLE,
 * ERR_SNI_POLICY. */
bool catalog_choose(const struct turn *turn, const struct catalog_wish *wish,
    const struct sni **sni, struct err *err) MUST_CHECK;

/* Whether the suffix policy lets REALITY use the name: ".x" is a suffix, "x" is x or below it. */
bool catalog_allows(const struct settings *settings, const char *fqdn);

struct catalog_query {
    const char *provider; /* "other", "unknown", "none": without any tag; NULL: all */
    bool enabled_only;
    const char *purpose; /* "vless", "vless_reality", "reality": what the policy allows; or NULL */
};

extern const struct schema catalog_query_schema;

/* struct sni, by name. */
void catalog_list(const struct turn *turn, const struct catalog_query *query, struct list *list);

#endif
