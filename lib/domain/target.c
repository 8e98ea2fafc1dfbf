#include "domain/target.h"

#include "base/str.h"
#include "schema/json.h"

struct target {
    const char *protocol, *mode, *role;
    const char *component;
    const char *upsert, *remove; /* event types */
    unsigned entry;              /* bits of enum entry_mode: with which of them */
};

enum {
    WITH_TCP_FORWARD = 1 << ENTRY_TCP_FORWARD,
    WITH_XRAY = 1 << ENTRY_XRAY,
    ALWAYS = WITH_TCP_FORWARD | WITH_XRAY
};

#define USER "UPSERT_USER", "REVOKE_CONNECTION"
#define PEER "WG_PEER_UPSERT", "WG_PEER_REMOVE"

static const struct target targets[] = {
    {"vless_reality", "direct", "VPS_T", "xray", USER, ALWAYS},
    {"vless_reality", "chain", "VPS_T", "xray", USER, WITH_TCP_FORWARD},
    {"vless_reality", "chain", "VPS_E", "xray", USER, WITH_XRAY},
    {"vless_ws_tls", "direct", "VPS_T", "xray", USER, ALWAYS},
    {"vless_ws_tls", "chain", "VPS_T", "xray", USER, WITH_TCP_FORWARD},
    {"vless_ws_tls", "chain", "VPS_E", "xray", USER, WITH_XRAY},
    {"hysteria2", "direct", "VPS_T", "hysteria", USER, ALWAYS},
    {"wireguard", "direct", "VPS_T", "wireguard", PEER, ALWAYS},
};

static struct json_object *
target_json(const struct target *target)
{
    const struct {
        const char *key, *text;
    } members[] = {
        {"protocol", target->protocol},
        {"mode", target->mode},
        {"role", target->role},
        {"component", target->component},
        {"upsert", target->upsert},
        {"remove", target->remove},
    };
    struct json_object *json = json_object_new_object();

    for (size_t i = 0; i < COUNT(members); i++)
        json_object_object_add(json, members[i].key, json_object_new_string(members[i].text));
    return json;
}

/* NULL is any. */
static bool
matches(const char *wanted, const char *name)
{
    return wanted == NULL || str_eq(wanted, name);
}

const char *
targets_text_of(
    const struct settings *settings, const char *protocol, const char *mode, struct arena *arena)
{
    struct json_object *json = json_object_new_array();

    json_adopt(arena, json);
    for (size_t i = 0; i < COUNT(targets); i++) {
        if (targets[i].entry >> settings->entry_mode & 1 &&
            matches(protocol, targets[i].protocol) && matches(mode, targets[i].mode))
            json_object_array_add(json, target_json(&targets[i]));
    }
    return json_text(json);
}

const char *
targets_text(const struct settings *settings, struct arena *arena)
{
    return targets_text_of(settings, NULL, NULL, arena);
}
