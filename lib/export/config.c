#include "export/config.h"

#include <string.h>

#include "schema/read.h"

/* -- records ------------------------------------------------------------------------------- */

#define HOST "[A-Za-z0-9._-]{1,255}"
#define PORT                                                                                       \
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
#define KEY  "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
#define ADDR "[0-9A-Fa-f.:]{2,45}"

static const struct field local_fields[] = {
    F_BOOL(struct local_part, enabled, F_OPTIONAL),
    F_MATCH(struct local_part, listen, F_REQUIRED, 64, "^(" HOST "|\\[" ADDR "\\]):" PORT "$"),
};
static const struct schema local_schema = SCHEMA(struct local_part, local_fields);
const struct local_part usual_socks = {true, "127.0.0.1:1080"};

static const struct options_part usual_options = {8000, false};
static const struct field options_fields[] = {
    F_INT(struct options_part, connect_timeout_ms, F_OPTIONAL, 1, 600000),
    F_BOOL(struct options_part, tcp_fast_open, F_OPTIONAL),
};
static const struct schema options_schema =
    SCHEMA_FROM(struct options_part, options_fields, &usual_options);

static const struct field reality_fields[] = {
    F_TEXT(struct reality_part, public_key, F_REQUIRED, 1, 64),
    F_TEXT(struct reality_part, short_id, F_REQUIRED, 0, 16),
};
static const struct schema reality_schema = SCHEMA(struct reality_part, reality_fields);

static const struct field tls_fields[] = {
    F_BOOL(struct tls_part, insecure, F_OPTIONAL),
};
static const struct schema tls_schema = SCHEMA(struct tls_part, tls_fields);
static const struct tls_part usual_tls = {false};

static const struct field ws_fields[] = {
    F_MATCH(struct ws_part, path, F_REQUIRED, 255, "^/"),
    F_TEXT(struct ws_part, host, F_NULLABLE, 1, 255),
};
static const struct schema ws_schema = SCHEMA(struct ws_part, ws_fields);

/* clang-format off */
#define VLESS                                                                                      \
    F_MATCH(struct vless_client, server, F_REQUIRED, 255, "^" HOST "$"),                           \
    F_INT(struct vless_client, port, F_REQUIRED, 1, 65535),                                        \
    F_UUID(struct vless_client, uuid, F_REQUIRED),                                                 \
    F_TEXT(struct vless_client, sni, F_REQUIRED, 1, 255),                                          \
    F_OBJECT(struct vless_client, local_socks, struct local_part, F_OPTIONAL, &local_schema),      \
    F_OBJECT(struct vless_client, client_options, struct options_part, F_OPTIONAL, &options_schema)
/* clang-format on */

static const struct field vless_reality_fields[] = {
    VLESS,
    F_TEXT(struct vless_client, flow, F_OPTIONAL, 0, 64),
    F_OBJECT(struct vless_client, reality, struct reality_part, F_REQUIRED, &reality_schema),
};
static const struct vless_client usual_reality = {
    .flow = "xtls-rprx-vision", .local_socks = &usual_socks, .client_options = &usual_options};

static const struct field vless_ws_fields[] = {
    VLESS,
    F_OBJECT(struct vless_client, tls, struct tls_part, F_OPTIONAL, &tls_schema),
    F_OBJECT(struct vless_client, ws, struct ws_part, F_REQUIRED, &ws_schema),
};
static const struct vless_client usual_ws = {
    .tls = &usual_tls, .local_socks = &usual_socks, .client_options = &usual_options};

static const struct field auth_fields[] = {
    F_TEXT(struct auth_part, username, F_NULLABLE, 1, 255),
    F_TEXT(struct auth_part, password, F_REQUIRED, 1, 255),
};
static const struct schema auth_schema = SCHEMA(struct auth_part, auth_fields);

static const struct field obfs_fields[] = {
    F_MATCH(struct obfs_part, type, F_REQUIRED, 32, "^salamander$"),
    F_TEXT(struct obfs_part, password, F_REQUIRED, 1, 255),
};
static const struct schema obfs_schema = SCHEMA(struct obfs_part, obfs_fields);

static const struct field hysteria_fields[] = {
    F_MATCH(struct hysteria_client, server, F_REQUIRED, 255, "^" HOST "$"),
    F_INT(struct hysteria_client, port, F_REQUIRED, 1, 65535),
    F_OBJECT(struct hysteria_client, auth, struct auth_part, F_REQUIRED, &auth_schema),
    F_TEXT(struct hysteria_client, sni, F_NULLABLE, 1, 255),
    F_BOOL(struct hysteria_client, insecure, F_OPTIONAL),
    F_MATCH(struct hysteria_client, pin_sha256, F_NULLABLE, 95, "^([0-9A-Fa-f]{2}:?){32}$"),
    F_OBJECT(struct hysteria_client, obfs, struct obfs_part, F_NULLABLE, &obfs_schema),
    F_INT(struct hysteria_client, up_mbps, F_OPTIONAL, 0, 100000),
    F_INT(struct hysteria_client, down_mbps, F_OPTIONAL, 0, 100000),
    F_OBJECT(struct hysteria_client, local_socks, struct local_part, F_OPTIONAL, &local_schema),
    F_OBJECT(struct hysteria_client, local_http, struct local_part, F_NULLABLE, &local_schema),
};
static const struct hysteria_client usual_hysteria = {.local_socks = &usual_socks};

static const struct field cidr_item = {
    .type = FIELD_TEXT, .max = 64, .pattern = "^" ADDR "/[0-9]{1,3}$"};
static const struct field address_item = {.type = FIELD_TEXT, .max = 64, .pattern = "^" ADDR "$"};

static const struct field interface_fields[] = {
    F_LIST(struct interface_part, addresses, F_REQUIRED, &cidr_item, 1),
    F_LIST(struct interface_part, dns, F_OPTIONAL, &address_item, 0),
    F_INT(struct interface_part, mtu, F_OPTIONAL, 576, 65535),
    F_MATCH(struct interface_part, private_key, F_REQUIRED, 44, KEY),
};
static const struct interface_part usual_interface = {.mtu = 1420};
static const struct schema interface_schema =
    SCHEMA_FROM(struct interface_part, interface_fields, &usual_interface);

static const char *const everything[] = {"0.0.0.0/0"};

static const struct field peer_fields[] = {
    F_MATCH(struct peer_part, public_key, F_REQUIRED, 44, KEY),
    F_MATCH(struct peer_part, preshared_key, F_NULLABLE, 44, KEY),
    F_LIST(struct peer_part, allowed_ips, F_OPTIONAL, &cidr_item, 1),
    F_INT(struct peer_part, persistent_keepalive, F_OPTIONAL, 0, 65535),
};
static const struct peer_part usual_peer = {
    .allowed_ips = {everything, COUNT(everything)}, .persistent_keepalive = 25};
static const struct schema peer_schema = SCHEMA_FROM(struct peer_part, peer_fields, &usual_peer);

static const struct field wireguard_fields[] = {
    F_MATCH(struct wireguard_client, endpoint, F_REQUIRED, 261, "^" HOST ":" PORT "$"),
    F_OBJECT(
        struct wireguard_client, interface, struct interface_part, F_REQUIRED, &interface_schema),
    F_OBJECT(struct wireguard_client, peer, struct peer_part, F_REQUIRED, &peer_schema),
};

const struct schema reality_export_schema =
    SCHEMA_FROM(struct vless_client, vless_reality_fields, &usual_reality);
const struct schema ws_export_schema = SCHEMA_FROM(struct vless_client, vless_ws_fields, &usual_ws);
const struct schema hysteria_export_schema =
    SCHEMA_FROM(struct hysteria_client, hysteria_fields, &usual_hysteria);
const struct schema wireguard_export_schema = SCHEMA(struct wireguard_client, wireguard_fields);

/* -- reading ------------------------------------------------------------------------------- */

/* The member's path, without where it was read from: "peer.public_key". */
static const char *
path_of(struct json_object *fault, struct arena *arena)
{
    struct json_object *loc = json_object_object_get(fault, "loc");
    const char *path = "";

    for (size_t i = 1; i < json_object_array_length(loc); i++)
        path = arena_printf(arena, "%s%s%s", path, i == 1 ? "" : ".",
            json_object_get_string(json_object_array_get_idx(loc, i)));
    return *path == '\0' ? "all of it" : path;
}

static bool
refuse(struct json_object *faults, struct arena *arena, struct err *err)
{
    const char *names = "";

    for (size_t i = 0; i < json_object_array_length(faults); i++)
        names = arena_printf(arena, "%s%s%s", names, i == 0 ? "" : ", ",
            path_of(json_object_array_get_idx(faults, i), arena));
    return err_say(err, ERR_EXPORT_CONFIG,
        "The configuration cannot be exported; missing or not as it should be: %s", names);
}

bool
config_read(const struct schema *schema, const struct export_source *source, struct arena *arena,
    void *record, struct err *err)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    const char *text = source->effective_config_json;
    struct json_object *json;

    memcpy(record, schema_new(schema, arena), schema->size);
    if (read_document(&reader, text, strlen(text), &json))
        read_json(&reader, schema, json, record);
    return reader.faults == NULL || refuse(reader.faults, arena, err);
}
