#include "domain/features.h"

typedef bool offered_fn(const struct settings *settings);

static bool
is_either_set(const char *own, const char *common)
{
    return *own != '\0' || *common != '\0';
}

/* The keys of the role whose Xray ends the client's TLS. */
static bool
has_chain(const struct settings *with)
{
    bool entry = with->entry_mode == ENTRY_XRAY;

    return is_either_set(entry ? with->reality_public_key_vps_e : with->reality_public_key_vps_t,
               with->reality_public_key) &&
        is_either_set(entry ? with->reality_short_id_vps_e : with->reality_short_id_vps_t,
            with->reality_short_id);
}

static const struct {
    const char *name;
    offered_fn *offered; /* NULL: always */
} features[] = {
    {"ws", NULL},
    {"chain", has_chain},
};

struct list
features_of(const struct settings *settings, struct arena *arena)
{
    const char **names = arena_alloc(arena, COUNT(features) * sizeof(*names));
    size_t count = 0;

    for (size_t i = 0; i < COUNT(features); i++) {
        if (features[i].offered == NULL || features[i].offered(settings))
            names[count++] = features[i].name;
    }
    return (struct list){names, count};
}
