#include "domain/hysteria.h"

#include "base/rand.h"
#include "crypto/base64.h"
#include "domain/marker.h"
#include "schema/write.h"

enum {
    PASSWORD_BYTES = 24
};

/* -- the record ---------------------------------------------------------------------------- */

static const struct field auth_fields[] = {
    F_TEXT(struct hysteria_auth, type, F_REQUIRED, 1, 32),
    F_TEXT(struct hysteria_auth, username, F_REQUIRED, 1, 255),
    F_TEXT(struct hysteria_auth, password, F_REQUIRED, 1, 255),
};

static const struct field obfs_fields[] = {
    F_TEXT(struct hysteria_obfs, type, F_REQUIRED, 1, 32),
    F_TEXT(struct hysteria_obfs, password, F_REQUIRED, 1, 255),
};

static const struct schema auth_schema = SCHEMA(struct hysteria_auth, auth_fields);
static const struct schema obfs_schema = SCHEMA(struct hysteria_obfs, obfs_fields);

static const struct field config_fields[] = {
    F_TEXT(struct hysteria_config, protocol, F_REQUIRED, 1, 32),
    F_TEXT(struct hysteria_config, transport, F_REQUIRED, 1, 32),
    F_TEXT(struct hysteria_config, profile, F_REQUIRED, 1, 64),
    F_TEXT(struct hysteria_config, server, F_REQUIRED, 1, 255),
    F_INT(struct hysteria_config, port, F_REQUIRED, 1, 65535),
    F_OBJECT(struct hysteria_config, auth, struct hysteria_auth, F_REQUIRED, &auth_schema),
    F_TEXT(struct hysteria_config, sni, F_REQUIRED, 1, 255),
    F_BOOL(struct hysteria_config, insecure, F_REQUIRED),
    F_TEXT(struct hysteria_config, pin_sha256, F_REQUIRED | F_NULLABLE, 1, 255),
    F_OBJECT(
        struct hysteria_config, obfs, struct hysteria_obfs, F_REQUIRED | F_NULLABLE, &obfs_schema),
    F_TEXT(struct hysteria_config, client_mode, F_REQUIRED, 1, 16),
    F_INT(struct hysteria_config, up_mbps, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct hysteria_config, down_mbps, F_REQUIRED, 1, INT64_MAX),
    F_OBJECT(
        struct hysteria_config, local_socks, struct local_proxy, F_REQUIRED, &local_proxy_schema),
    F_OBJECT(
        struct hysteria_config, local_http, struct local_proxy, F_NULLABLE, &local_proxy_schema),
};

const struct schema hysteria_config_schema = SCHEMA(struct hysteria_config, config_fields);

/* -- what is made -------------------------------------------------------------------------- */

static const char *
config_text(const struct turn *turn, const struct draft *draft, const char *server,
    const struct hysteria_auth *auth)
{
    const struct hysteria_overrides *overrides = draft->overrides;
    const struct settings *with = turn->settings;
    bool pinned = *with->hysteria_pin_sha256 != '\0';
    const struct local_proxy socks = {
        overrides->client_mode == CLIENT_SOCKS, overrides->socks_listen};
    const struct local_proxy http = {overrides->client_mode == CLIENT_HTTP, overrides->http_listen};
    const struct hysteria_config config = {
        .protocol = "hysteria2",
        .transport = "udp-quic",
        .profile = draft->profile,
        .server = server,
        .port = with->hysteria_port,
        .auth = auth,
        .sni = server,
        .insecure = pinned,
        .pin_sha256 = pinned ? with->hysteria_pin_sha256 : NULL,
        .client_mode = client_mode_names[overrides->client_mode],
        .up_mbps = overrides->up_mbps,
        .down_mbps = overrides->down_mbps,
        .local_socks = &socks,
        .local_http = &http,
    };

    return write_text(&hysteria_config_schema, &config, turn->arena);
}

bool
hysteria_ready(const struct turn *turn, const struct draft *draft, struct err *err)
{
    const char *server;

    return issue_host(turn, draft->holding, NODE_VPS_T, &server, err);
}

bool
hysteria_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err)
{
    unsigned char bytes[PASSWORD_BYTES];
    char password[BASE64_URL_SIZE(PASSWORD_BYTES)];
    const char *server;

    if (!issue_host(turn, draft->holding, NODE_VPS_T, &server, err))
        return false;
    rand_bytes(bytes, sizeof(bytes));
    base64_write(BASE64_URL, bytes, sizeof(bytes), password);
    const struct hysteria_auth auth = {"userpass",
        marker_of(turn, connection_variant_names[draft->holding->variant], revision->connection_id,
            revision->id),
        password};
    revision->credential_key = auth.username;
    revision->effective_config_json = config_text(turn, draft, server, &auth);
    return true;
}
