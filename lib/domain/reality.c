#include "domain/reality.h"

#include <string.h>

#include "base/uuid.h"
#include "domain/catalog.h"
#include "domain/overrides.h"
#include "schema/write.h"

/* -- the record ---------------------------------------------------------------------------- */

static const struct field keys_fields[] = {
    F_TEXT(struct reality_keys, public_key, F_REQUIRED, 1, 64),
    F_TEXT(struct reality_keys, short_id, F_REQUIRED, 0, 16),
};

static const struct field socks_fields[] = {
    F_BOOL(struct local_socks, enabled, F_REQUIRED),
    F_TEXT(struct local_socks, listen, F_REQUIRED, 1, 64),
};

static const struct field options_fields[] = {
    F_INT(struct client_options, connect_timeout_ms, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct client_options, dial_timeout_ms, F_REQUIRED, 1, INT64_MAX),
    F_BOOL(struct client_options, tcp_fast_open, F_REQUIRED),
};

static const struct field chain_fields[] = {
    F_TEXT(struct chain, type, F_REQUIRED, 1, 32),
    F_TEXT(struct chain, upstream, F_REQUIRED, 1, 255),
    F_INT(struct chain, port, F_REQUIRED, 1, 65535),
};

static const struct schema keys_schema = SCHEMA(struct reality_keys, keys_fields);
static const struct schema socks_schema = SCHEMA(struct local_socks, socks_fields);
static const struct schema options_schema = SCHEMA(struct client_options, options_fields);
static const struct schema chain_schema = SCHEMA(struct chain, chain_fields);

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
    F_OBJECT(struct reality_config, local_socks, struct local_socks, F_REQUIRED, &socks_schema),
    F_OBJECT(
        struct reality_config, client_options, struct client_options, F_REQUIRED, &options_schema),
    F_OBJECT(struct reality_config, chain, struct chain, F_REQUIRED | F_NULLABLE, &chain_schema),
};

const struct schema reality_config_schema = SCHEMA(struct reality_config, config_fields);

/* -- what is chosen ------------------------------------------------------------------------ */

bool
reality_choose(const struct turn *turn, struct draft *draft, struct err *err)
{
    const struct reality_overrides *overrides = draft->overrides;
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

struct place {
    const char *profile;
    const char *server;
    const struct chain *chain;
};

static bool
find_direct(
    const struct turn *turn, const struct holding *holding, struct place *place, struct err *err)
{
    place->profile = "B1-stealth-direct";
    place->chain = NULL;
    return issue_endpoint(turn, holding, ENDPOINT_VPS_T, &place->server, err);
}

static bool
find_chain(
    const struct turn *turn, const struct holding *holding, struct place *place, struct err *err)
{
    static const char *const types[] = {[ENTRY_TCP_FORWARD] = "tcpForward", [ENTRY_XRAY] = "xray"};
    struct chain *chain = arena_alloc(turn->arena, sizeof(*chain));

    chain->type = types[turn->settings->entry_mode];
    chain->port = turn->settings->vless_reality_port;
    place->profile = "B2-stealth-chain";
    place->chain = chain;
    return issue_endpoint(turn, holding, ENDPOINT_VPS_E, &place->server, err) &&
        issue_endpoint(turn, holding, ENDPOINT_VPS_T, &chain->upstream, err);
}

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
    bool entry = holding->mode == MODE_CHAIN && with->entry_mode == ENTRY_XRAY;

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
config_text(const struct turn *turn, const struct draft *draft, const struct place *place,
    const struct reality_keys *keys, const char *uuid)
{
    const struct reality_overrides *overrides = draft->overrides;
    const struct local_socks socks = {
        true, arena_printf(turn->arena, "127.0.0.1:%d", (int)overrides->local_socks_port)};
    const struct client_options options = {
        overrides->connect_timeout_ms, overrides->dial_timeout_ms, overrides->tcp_fast_open};
    const struct reality_config config = {
        .protocol = "vless",
        .transport = "reality",
        .profile = place->profile,
        .server = place->server,
        .port = turn->settings->vless_reality_port,
        .uuid = uuid,
        .device_id = draft->holding->device_id,
        .sni = draft->sni,
        .flow = "xtls-rprx-vision",
        .reality = keys,
        .local_socks = &socks,
        .client_options = &options,
        .chain = place->chain,
    };

    return write_text(&reality_config_schema, &config, turn->arena);
}

bool
reality_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err)
{
    const struct holding *holding = draft->holding;
    char *uuid = arena_alloc(turn->arena, UUID_SIZE), *key = arena_alloc(turn->arena, UUID_SIZE);
    struct reality_keys keys;
    struct place place;

    if (!(holding->mode == MODE_CHAIN ? find_chain : find_direct)(turn, holding, &place, err) ||
        !find_keys(turn, holding, &keys, err))
        return false;
    uuid_make(uuid);
    uuid_credential_key(uuid, key);
    revision->credential_key = key;
    revision->camouflage_sni_id = (struct opt_int){true, draft->sni_id};
    revision->effective_config_json = config_text(turn, draft, &place, &keys, uuid);
    return true;
}
