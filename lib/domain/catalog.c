#include "domain/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const struct field provider_item = {.type = FIELD_TEXT, .min = 1, .max = 32};

static const struct field sni_fields[] = {
    F_INT(struct sni, id, F_REQUIRED, 1, INT32_MAX),
    F_TEXT(struct sni, fqdn, F_REQUIRED, 1, 253),
    F_BOOL(struct sni, enabled, F_REQUIRED),
    F_BOOL(struct sni, is_test, F_REQUIRED),
    F_TEXT(struct sni, note, F_NULLABLE, 0, 255),
    F_LIST(struct sni, providers, F_REQUIRED, &provider_item, 0),
};
const struct schema sni_schema = SCHEMA(struct sni, sni_fields);

static const struct field query_fields[] = {
    F_TEXT(struct catalog_query, provider, F_OPTIONAL, 1, 32),
    F_BOOL(struct catalog_query, enabled_only, F_OPTIONAL),
    F_TEXT(struct catalog_query, purpose, F_OPTIONAL, 1, 32),
};
static const struct catalog_query query_defaults = {.enabled_only = true};
const struct schema catalog_query_schema =
    SCHEMA_FROM(struct catalog_query, query_fields, &query_defaults);

/* -- the policy ---------------------------------------------------------------------------- */

static bool
ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t size = strlen(suffix);

    return length >= size && str_eq(name + length - size, suffix);
}

static bool
matches(const char *fqdn, const char *rule)
{
    if (*rule == '.')
        return ends_with(fqdn, rule);
    return str_eq(fqdn, rule) ||
        (ends_with(fqdn, rule) && fqdn[strlen(fqdn) - strlen(rule) - 1] == '.');
}

bool
catalog_allows(const struct settings *settings, const char *fqdn)
{
    const char *const *rules = settings->reality_sni_allow_suffixes.at;
    size_t count = settings->reality_sni_allow_suffixes.count;

    for (size_t i = 0; i < count; i++) {
        if (matches(fqdn, rules[i]))
            return true;
    }
    return count == 0;
}

/* -- choosing ------------------------------------------------------------------------------ */

static bool
has_provider(const struct sni *sni, const char *provider)
{
    const char *const *providers = sni->providers.at;

    for (size_t i = 0; i < sni->providers.count; i++) {
        if (str_eq(providers[i], provider))
            return true;
    }
    return false;
}

/* The first enabled one with the id, or the tag; NULL accepts any. */
static const struct sni *
first(const struct catalog *catalog, const struct opt_int *id, const char *provider)
{
    const struct sni *names = catalog->names.at;

    for (size_t i = 0; i < catalog->names.count; i++) {
        if (names[i].enabled && (id == NULL || names[i].id == id->value) &&
            (provider == NULL || has_provider(&names[i], provider)))
            return &names[i];
    }
    return NULL;
}

bool
catalog_choose(const struct turn *turn, const struct catalog_wish *wish, const struct sni **sni,
    struct err *err)
{
    const struct catalog *catalog = turn->catalog;
    const struct sni *found = NULL;

    if (wish->id.set)
        found = first(catalog, &wish->id, NULL);
    else if (wish->provider != NULL)
        found = first(catalog, NULL, wish->provider);
    if (found == NULL && !wish->id.set)
        found = first(catalog, NULL, NULL);
    if (found == NULL)
        return err_set(err, wish->id.set ? ERR_SNI_UNAVAILABLE : ERR_SNI_NONE);
    if (!catalog_allows(turn->settings, found->fqdn))
        return err_set(err, ERR_SNI_POLICY);
    *sni = found;
    return true;
}

/* -- listing ------------------------------------------------------------------------------- */

static bool
is_word_of(const char *words, const char *word)
{
    return word != NULL && str_has_word(words, word, strlen(word));
}

static bool
is_wanted(const struct turn *turn, const struct catalog_query *query, const struct sni *sni)
{
    bool untagged = is_word_of("other unknown none", query->provider);
    bool reality = is_word_of("vless vless_reality reality", query->purpose);

    if (query->enabled_only && !sni->enabled)
        return false;
    if (reality && !catalog_allows(turn->settings, sni->fqdn))
        return false;
    if (untagged)
        return sni->providers.count == 0;
    return query->provider == NULL || has_provider(sni, query->provider);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(((const struct sni *)a)->fqdn, ((const struct sni *)b)->fqdn);
}

void
catalog_list(const struct turn *turn, const struct catalog_query *query, struct list *list)
{
    const struct sni *names = turn->catalog->names.at;
    struct sni *wanted = arena_alloc(turn->arena, turn->catalog->names.count * sizeof(*wanted));
    size_t count = 0;

    for (size_t i = 0; i < turn->catalog->names.count; i++) {
        if (is_wanted(turn, query, &names[i]))
            wanted[count++] = names[i];
    }
    qsort(wanted, count, sizeof(*wanted), by_name);
    *list = (struct list){wanted, count};
}
