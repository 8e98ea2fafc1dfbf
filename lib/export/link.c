#include "export/link.h"

#include <inttypes.h>
#include <string.h>

#include "export/part.h"

struct param {
    const char *name;
    const char *value; /* NULL: without it */
};

/* -- parts --------------------------------------------------------------------------------- */

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
    const char *text = "", *before = "?";

    for (size_t i = 0; i < count; i++) {
        if (params[i].value == NULL)
            continue;
        text = arena_printf(
            arena, "%s%s%s=%s", text, before, params[i].name, encode(params[i].value, arena));
        before = "&";
    }
    return text;
}

static const char *
number(int64_t value, struct arena *arena)
{
    return arena_printf(arena, "%" PRId64, value);
}

static const char *
title(const struct export_source *source, struct arena *arena)
{
    return encode(form_title(source, arena), arena);
}

/* -- VLESS --------------------------------------------------------------------------------- */

static const char *
vless(const struct export_source *source, const struct vless_client *config, const char *params,
    struct arena *arena)
{
    return arena_printf(arena, "vless://%s@%s:%d%s#%s", config->uuid, config->server,
        (int)config->port, params, title(source, arena));
}

bool
link_reality(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(&reality_export_schema, source, arena, &config, err))
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
    *text = vless(source, &config, encode_params(params, COUNT(params), arena), arena);
    return true;
}

bool
link_ws(const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(&ws_export_schema, source, arena, &config, err))
        return false;
    const struct param params[] = {
        {"encryption", "none"},
        {"security", "tls"},
        {"sni", config.sni},
        {"fp", "chrome"},
        {"alpn", "http/1.1"},
        {"allowInsecure", config.tls->insecure ? "1" : NULL},
        {"type", "ws"},
        {"host", config.ws->host != NULL ? config.ws->host : config.sni},
        {"path", config.ws->path},
    };
    *text = vless(source, &config, encode_params(params, COUNT(params), arena), arena);
    return true;
}

/* -- the others ---------------------------------------------------------------------------- */

/* The colon between name and password stays as it is: it is what the server splits at. */
static const char *
credential(const struct auth_part *auth, struct arena *arena)
{
    const char *password = encode(auth->password, arena);

    return auth->username == NULL
        ? password
        : arena_printf(arena, "%s:%s", encode(auth->username, arena), password);
}

bool
link_hysteria(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct hysteria_client config;

    if (!config_read(&hysteria_export_schema, source, arena, &config, err))
        return false;
    const struct param params[] = {
        {"sni", config.sni},
        {"insecure", config.insecure ? "1" : "0"},
        {"pinSHA256", part_pin(config.pin_sha256, arena)},
        {"obfs", config.obfs == NULL ? NULL : config.obfs->type},
        {"obfs-password", config.obfs == NULL ? NULL : config.obfs->password},
    };
    *text = arena_printf(arena, "hysteria2://%s@%s:%d/%s#%s", credential(config.auth, arena),
        config.server, (int)config.port, encode_params(params, COUNT(params), arena),
        title(source, arena));
    return true;
}

bool
link_wireguard(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct wireguard_client config;

    if (!config_read(&wireguard_export_schema, source, arena, &config, err))
        return false;
    const struct list allowed = part_allowed_ips(&config.peer->allowed_ips, arena);
    const struct param params[] = {
        {"publickey", config.peer->public_key},
        {"address", part_join(&config.interface->addresses, ",", arena)},
        {"presharedkey", config.peer->preshared_key},
        {"mtu", number(config.interface->mtu, arena)},
        {"allowedips", part_join(&allowed, ",", arena)},
        {"keepalive", number(config.peer->persistent_keepalive, arena)},
        {"dns", part_join(&config.interface->dns, ",", arena)},
    };
    *text =
        arena_printf(arena, "wireguard://%s@%s/%s#%s", encode(config.interface->private_key, arena),
            config.endpoint, encode_params(params, COUNT(params), arena), title(source, arena));
    return true;
}
