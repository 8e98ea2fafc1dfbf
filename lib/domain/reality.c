#include "domain/reality.h"

#include <string.h>

#include "domain/catalog.h"
#include "schema/write.h"

/* -- the record ---------------------------------------------------------------------------- */

static const struct field keys_fields[] = {
    F_TEXT(struct reality_keys, public_key, F_REQUIRED, 1, 64),
    F_TEXT(struct reality_keys, short_id, F_REQUIRED, 0, 16),
};

static const struct schema keys_schema = SCHEMA(struct reality_keys, keys_fields);

static const struct field config_fields[] = {
    F_TEXT(struct reality_config, protocol, F_REQUIRED, 1, 32),
    F_TEXT(struct reality_config, transport, F_REQUIRED, 1, 32),
    F_TEXT(struct reality_config, profile, F_REQUIRED, 1, 64),
    F_TEXT(struct reality_config, server, F_REQUIRED, 1, 255),
    F_INT(struct reality_config, port, F_REQUIRED, 1, 65535),
    F_UUID(struct reality_config, uuid, F_REQUIRED),
    F_UUID(struct reality_config, device_id, F_REQUIRED),
    F_TEXT(struct reality_config, sni, F_REQUIRED, 1, 255),
    F_TEXT(struct reality_config, flow, F_REQUIRED, 0, 64),
    F_OBJECT(struct reality_config, reality, struct reality_keys, F_REQUIRED, &keys_schema),
    F_OBJECT(
        struct reality_config, local_socks, struct local_proxy, F_REQUIRED, &local_proxy_schema),
    F_OBJECT(struct reality_config, client_options, struct client_options, F_REQUIRED,
        &client_options_schema),
    F_OBJECT(struct reality_config, chain, struct chain, F_REQUIRED | F_NULLABLE, &chain_schema),
};

const struct schema reality_config_schema = SCHEMA(struct reality_config, config_fields);

/* -- what is chosen ------------------------------------------------------------------------ */

bool
reality_choose(const struct turn *turn, struct draft *draft, struct err *err)
{
    const struct vless_overrides *overrides = draft->overrides;
    struct catalog_wish wish = {draft->in->camouflage_sni_id, draft->in->provider};
    const struct sni *sni;

    if (!wish.id.set && wish.provider == NULL && overrides->camouflage_sni_id != 0)
        wish.id = (struct opt_int){true, overrides->camouflage_sni_id};
    if (!catalog_choose(turn, &wish, &sni, err))
        return false;
    draft->sni_id = sni->id;
    draft->sni = sni->fqdn;
    return true;
}

/* -- what it is made from ------------------------------------------------------------------ */

static const char *
first_set(const char *own, const char *common)
{
    return *own != '\0' ? own : common;
}

/* Those of the role whose Xray ends the client's TLS. */
static bool
find_keys(const struct turn *turn, const struct holding *holding, struct reality_keys *keys,
    struct err *err)
{
    const struct settings *with = turn->settings;
    bool entry = client_ends_at_entry(turn, holding);

    keys->public_key =
        first_set(entry ? with->reality_public_key_vps_e : with->reality_public_key_vps_t,
            with->reality_public_key);
    keys->short_id = first_set(entry ? with->reality_short_id_vps_e : with->reality_short_id_vps_t,
        with->reality_short_id);
    if (*keys->public_key == '\0' || *keys->short_id == '\0')
        return err_set(err, ERR_REALITY_KEYS);
    return true;
}

/* -- what is made -------------------------------------------------------------------------- */

static const char *
config_text(const struct turn *turn, const struct draft *draft, const struct endpoint *endpoint,
    const struct reality_keys *keys, const char *uuid)
{
    const struct local_proxy socks = client_socks(turn, draft->overrides);
    const struct client_options options = client_options(draft->overrides);
    const struct reality_config config = {
        .protocol = "vless",
        .transport = "reality",
        .profile = draft->profile,
        .server = endpoint->server,
        .port = turn->settings->vless_reality_port,
        .uuid = uuid,
        .device_id = draft->holding->device_id,
        .sni = draft->sni,
        .flow = "xtls-rprx-vision",
        .reality = keys,
        .local_socks = &socks,
        .client_options = &options,
        .chain = endpoint->chain,
    };

    return write_text(&reality_config_schema, &config, turn->arena);
}

/* Where it connects to, and whom it trusts there. */
static bool
find(const struct turn *turn, const struct holding *holding, struct endpoint *endpoint,
    struct reality_keys *keys, struct err *err)
{
    return client_endpoint(turn, holding, turn->settings->vless_reality_port, endpoint, err) &&
        find_keys(turn, holding, keys, err);
}

bool
reality_ready(const struct turn *turn, const struct draft *draft, struct err *err)
{
    struct reality_keys keys;
    struct endpoint endpoint;

    return find(turn, draft->holding, &endpoint, &keys, err);
}

bool
reality_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err)
{
    struct reality_keys keys;
    struct endpoint endpoint;

    if (!find(turn, draft->holding, &endpoint, &keys, err))
        return false;
    const char *uuid = client_uuid(turn, revision);
    revision->camouflage_sni_id = (struct opt_int){true, draft->sni_id};
    revision->effective_config_json = config_text(turn, draft, &endpoint, &keys, uuid);
    return true;
}
