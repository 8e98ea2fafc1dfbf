#include "export/link.h"

#include <string.h>

#include "domain/reality.h"
#include "schema/read.h"

struct param {
    const char *name, *value;
};

/* All but A-Z a-z 0-9 - . _ ~ is encoded: clients disagree about everything else. */
static const char *
encode(const char *text, struct arena *arena)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, 3 * strlen(text) + 1), *at = out;

    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (strchr(plain, *text) != NULL) {
            *at++ = *text;
            continue;
        }
        *at++ = '%';
        *at++ = hex[byte >> 4];
        *at++ = hex[byte & 15];
    }
    return out;
}

static const char *
encode_params(const struct param *params, size_t count, struct arena *arena)
{
    const char *text = "";

    for (size_t i = 0; i < count; i++)
        text = arena_printf(arena, "%s%c%s=%s", text, i == 0 ? '?' : '&', params[i].name,
            encode(params[i].value, arena));
    return text;
}

static bool
read_config(const struct schema *schema, const struct export_source *source, struct arena *arena,
    void *config, struct err *err)
{
    struct reader reader = {.arena = arena, .source = SOURCE_ROW};
    const char *text = source->effective_config_json;
    struct json_object *json;

    if (text == NULL || !json_read(arena, text, strlen(text), &json))
        return err_say(err, ERR_INTERNAL, "revision %s: no configuration", source->revision_id);
    read_json(&reader, schema, json, config);
    return reader.faults == NULL ||
        err_say(err, ERR_INTERNAL, "revision %s: its configuration breaks its schema",
            source->revision_id);
}

bool
link_reality(
    const struct export_source *source, struct arena *arena, const char **link, struct err *err)
{
    struct reality_config config = {0};

    if (!read_config(&reality_config_schema, source, arena, &config, err))
        return false;
    const struct param params[] = {
        {"encryption", "none"},
        {"flow", config.flow},
        {"security", "reality"},
        {"sni", config.sni},
        {"fp", "chrome"},
        {"pbk", config.reality->public_key},
        {"sid", config.reality->short_id},
        {"spx", "/"},
        {"type", "tcp"},
        {"headerType", "none"},
    };
    const char *name =
        arena_printf(arena, "Tracegate %s", connection_variant_names[source->variant]);
    *link = arena_printf(arena, "vless://%s@%s:%d%s#%s", config.uuid, config.server,
        (int)config.port, encode_params(params, COUNT(params), arena), encode(name, arena));
    return true;
}
