#include "export/conf.h"

#include <inttypes.h>

#include "base/text.h"
#include "export/part.h"

/* NULL: without this line. */
static void
put_text(struct text *text, const char *name, const char *value)
{
    if (value != NULL)
        text_put(text, arena_printf(text->arena, "%s = %s\n", name, value));
}

static void
put_int(struct text *text, const char *name, int64_t value)
{
    text_put(text, arena_printf(text->arena, "%s = %" PRId64 "\n", name, value));
}

bool
conf_wireguard(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct text out = {.arena = arena};
    struct wireguard_client config;

    if (!config_read(&wireguard_export_schema, source, arena, &config, err))
        return false;
    const struct list allowed = part_allowed_ips(&config.peer->allowed_ips, arena);
    text_put(&out, "[Interface]\n");
    put_text(&out, "PrivateKey", config.interface->private_key);
    put_text(&out, "Address", part_join(&config.interface->addresses, ", ", arena));
    put_text(&out, "DNS", part_join(&config.interface->dns, ", ", arena));
    put_int(&out, "MTU", config.interface->mtu);
    text_put(&out, "\n[Peer]\n");
    put_text(&out, "PublicKey", config.peer->public_key);
    put_text(&out, "PresharedKey", config.peer->preshared_key);
    put_text(&out, "AllowedIPs", part_join(&allowed, ", ", arena));
    put_text(&out, "Endpoint", config.endpoint);
    put_int(&out, "PersistentKeepalive", config.peer->persistent_keepalive);
    *text = out.data;
    return true;
}
