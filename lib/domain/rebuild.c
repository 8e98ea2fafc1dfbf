#include "domain/rebuild.h"

#include <string.h>

#include "base/str.h"
#include "store/connections.h"

/* Fills `config` with what has the members of a row below, as JSON. */
typedef bool fresh_fn(
    const struct turn *turn, const struct holding *holding, const char **config, struct err *err);

/* -- what would be issued today ------------------------------------------------------------ */

/* With a credential that nobody will ever see. */
static bool
issue_fresh(
    const struct turn *turn, const struct holding *holding, const char **config, struct err *err)
{
    struct draft draft = {.holding = holding};
    struct revision_new revision = {.effective_config_json = "{}"};
    struct err refused;

    if (issue_check(turn, &draft, &refused) && !issue_write(turn, &draft, &revision, err))
        return false;
    *config = revision.effective_config_json;
    return true;
}

/* Issuing a tunnel would take an address, so its endpoint is made here. */
static bool
tunnel_fresh(
    const struct turn *turn, const struct holding *holding, const char **config, struct err *err)
{
    const char *key = turn->settings->wireguard_server_public_key;
    struct json_object *json = json_object_new_object(), *peer = json_object_new_object();
    const char *host;

    json_adopt(turn->arena, json);
    json_object_object_add(json, "peer", peer);
    if (!issue_host(turn, holding, NODE_VPS_T, &host, err))
        return false;
    const char *endpoint =
        arena_printf(turn->arena, "%s:%d", host, (int)turn->settings->wireguard_port);
    json_object_object_add(json, "endpoint", json_object_new_string(endpoint));
    json_object_object_add(peer, "endpoint", json_object_new_string(endpoint));
    if (*key != '\0')
        json_object_object_add(peer, "public_key", json_object_new_string(key));
    *config = json_text(json);
    return true;
}

static const struct {
    fresh_fn *fresh;
    const char *members; /* that say where the client connects to */
} rebuilds[] = {
    [PROTOCOL_VLESS_REALITY] = {issue_fresh, "server port reality chain"},
    [PROTOCOL_VLESS_WS_TLS] = {issue_fresh, "server port sni tls ws chain"},
    [PROTOCOL_HYSTERIA2] = {issue_fresh, "server port sni insecure pin_sha256 obfs"},
    [PROTOCOL_WIREGUARD] = {tunnel_fresh, "endpoint peer"},
};

/* -- the patch ----------------------------------------------------------------------------- */

static struct json_object *
picked(const struct turn *turn, const char *config, const char *members)
{
    struct json_object *patch = json_object_new_object(), *all;

    json_adopt(turn->arena, patch);
    if (!json_read(turn->arena, config, strlen(config), &all))
        return patch;
    json_object_object_foreach(all, key, value)
    {
        if (str_has_word(members, key, strlen(key)))
            json_object_object_add(patch, key, json_object_get(value));
    }
    return patch;
}

bool
rebuild_patch(const struct turn *turn, const struct holding *holding, struct json_object **patch,
    struct err *err)
{
    const char *config;

    if (!rebuilds[holding->protocol].fresh(turn, holding, &config, err))
        return false;
    *patch = picked(turn, config, rebuilds[holding->protocol].members);
    return true;
}

/* -- merging ------------------------------------------------------------------------------- */

bool
rebuild_merge(struct json_object *into, struct json_object *patch)
{
    bool changed = false;

    json_object_object_foreach(patch, key, value)
    {
        struct json_object *old = NULL;
        bool known = json_object_object_get_ex(into, key, &old) != 0;

        if (json_object_is_type(old, json_type_object) &&
            json_object_is_type(value, json_type_object)) {
            changed |= rebuild_merge(old, value);
        } else if (!known || !json_object_equal(old, value)) {
            json_object_object_add(into, key, json_object_get(value));
            changed = true;
        }
    }
    return changed;
}
