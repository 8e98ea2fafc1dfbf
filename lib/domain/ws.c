#include "domain/ws.h"

#include "schema/write.h"

/* -- the record ---------------------------------------------------------------------------- */

static const struct field tls_fields[] = {
    F_TEXT(struct ws_tls, server_name, F_REQUIRED, 1, 255),
    F_BOOL(struct ws_tls, insecure, F_REQUIRED),
};

static const struct field options_fields[] = {
    F_TEXT(struct ws_options, path, F_REQUIRED, 1, 255),
    F_TEXT(struct ws_options, host, F_REQUIRED, 1, 255),
};

static const struct schema tls_schema = SCHEMA(struct ws_tls, tls_fields);
static const struct schema options_schema = SCHEMA(struct ws_options, options_fields);

static const struct field config_fields[] = {
    F_TEXT(struct ws_config, protocol, F_REQUIRED, 1, 32),
    F_TEXT(struct ws_config, transport, F_REQUIRED, 1, 32),
    F_TEXT(struct ws_config, profile, F_REQUIRED, 1, 64),
    F_TEXT(struct ws_config, server, F_REQUIRED, 1, 255),
    F_INT(struct ws_config, port, F_REQUIRED, 1, 65535),
    F_UUID(struct ws_config, uuid, F_REQUIRED),
    F_UUID(struct ws_config, device_id, F_REQUIRED),
    F_TEXT(struct ws_config, sni, F_REQUIRED, 1, 255),
    F_OBJECT(struct ws_config, tls, struct ws_tls, F_REQUIRED, &tls_schema),
    F_OBJECT(struct ws_config, ws, struct ws_options, F_REQUIRED, &options_schema),
    F_OBJECT(struct ws_config, local_socks, struct local_proxy, F_REQUIRED, &local_proxy_schema),
    F_OBJECT(struct ws_config, client_options, struct client_options, F_REQUIRED,
        &client_options_schema),
    F_OBJECT(struct ws_config, chain, struct chain, F_REQUIRED | F_NULLABLE, &chain_schema),
};

const struct schema ws_config_schema = SCHEMA(struct ws_config, config_fields);

/* -- what is made -------------------------------------------------------------------------- */

static const char *
first_of(const char *wanted, const char *usual)
{
    return wanted != NULL ? wanted : usual;
}

/* The name in the certificate of the role that ends the client's TLS. ERR_NO_ENDPOINT. */
static bool
find_name(
    const struct turn *turn, const struct holding *holding, const char **name, struct err *err)
{
    bool entry = client_ends_at_entry(turn, holding);
    const char *host;

    if (!issue_host(turn, holding, entry ? NODE_VPS_E : NODE_VPS_T, &host, err))
        return false;
    *name = first_of(entry ? holding->name_vps_e : holding->name_vps_t, host);
    return true;
}

static const char *
config_text(const struct turn *turn, const struct draft *draft, const struct endpoint *endpoint,
    const char *name, const char *uuid)
{
    const struct vless_overrides *overrides = draft->overrides;
    const struct ws_tls tls = {first_of(overrides->tls_server_name, name), overrides->tls_insecure};
    const struct ws_options ws = {first_of(overrides->ws_path, turn->settings->vless_ws_path),
        first_of(overrides->ws_host, tls.server_name)};
    const struct local_proxy socks = client_socks(turn, overrides);
    const struct client_options options = client_options(overrides);
    const struct ws_config config = {
        .protocol = "vless",
        .transport = "ws_tls",
        .profile = draft->profile,
        .server = endpoint->server,
        .port = turn->settings->vless_ws_tls_port,
        .uuid = uuid,
        .device_id = draft->holding->device_id,
        .sni = tls.server_name,
        .tls = &tls,
        .ws = &ws,
        .local_socks = &socks,
        .client_options = &options,
        .chain = endpoint->chain,
    };

    return write_text(&ws_config_schema, &config, turn->arena);
}

static bool
find(const struct turn *turn, const struct holding *holding, struct endpoint *endpoint,
    const char **name, struct err *err)
{
    return client_endpoint(turn, holding, turn->settings->vless_ws_tls_port, endpoint, err) &&
        find_name(turn, holding, name, err);
}

bool
ws_ready(const struct turn *turn, const struct draft *draft, struct err *err)
{
    struct endpoint endpoint;
    const char *name;

    return find(turn, draft->holding, &endpoint, &name, err);
}

bool
ws_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err)
{
    struct endpoint endpoint;
    const char *name;

    if (!find(turn, draft->holding, &endpoint, &name, err))
        return false;
    const char *uuid = client_uuid(turn, revision);
    revision->effective_config_json = config_text(turn, draft, &endpoint, name, uuid);
    return true;
}
