#include "init_db/config.h"

#include <string.h>

#include "base/str.h"
#include "schema/read.h"

enum {
    NAME_MAX_LENGTH = 255,
    KEY_MAX_LENGTH = 64, /* of the column credential_key */
    TEXT_MAX_LENGTH = 1024
};

/* -- what is needed ------------------------------------------------------------------------ */

/* As exports need it (export/config.c), and nodes; but by no patterns: there may be millions. */
struct keys {
    const char *public_key, *short_id;
};

static const struct field keys_fields[] = {
    F_TEXT(struct keys, public_key, F_REQUIRED, 1, KEY_MAX_LENGTH),
    F_TEXT(struct keys, short_id, F_REQUIRED, 0, KEY_MAX_LENGTH),
};
static const struct schema keys_schema = SCHEMA(struct keys, keys_fields);

struct ws {
    const char *path;
};

static const struct field ws_fields[] = {
    F_TEXT(struct ws, path, F_REQUIRED, 1, NAME_MAX_LENGTH),
};
static const struct schema ws_schema = SCHEMA(struct ws, ws_fields);

struct vless {
    const char *server, *uuid, *sni;
    int64_t port;
    const struct keys *reality;
    const struct ws *ws;
};

/* clang-format off */
#define VLESS                                                                                      \
    F_TEXT(struct vless, server, F_REQUIRED, 1, NAME_MAX_LENGTH),                                  \
    F_INT(struct vless, port, F_REQUIRED, 1, UINT16_MAX),                                          \
    F_UUID(struct vless, uuid, F_REQUIRED),                                                        \
    F_TEXT(struct vless, sni, F_REQUIRED, 1, NAME_MAX_LENGTH)
/* clang-format on */

static const struct field over_reality_fields[] = {
    VLESS,
    F_OBJECT(struct vless, reality, struct keys, F_REQUIRED, &keys_schema),
};
static const struct schema over_reality_schema = SCHEMA(struct vless, over_reality_fields);

static const struct field over_ws_fields[] = {
    VLESS,
    F_OBJECT(struct vless, ws, struct ws, F_REQUIRED, &ws_schema),
};
static const struct schema over_ws_schema = SCHEMA(struct vless, over_ws_fields);

struct userpass {
    const char *username, *password;
};

static const struct field userpass_fields[] = {
    F_TEXT(struct userpass, username, F_REQUIRED, 1, TEXT_MAX_LENGTH),
    F_TEXT(struct userpass, password, F_REQUIRED, 1, TEXT_MAX_LENGTH),
};
static const struct schema userpass_schema = SCHEMA(struct userpass, userpass_fields);

struct hysteria {
    const char *server;
    int64_t port;
    const struct userpass *auth;
};

static const struct field hysteria_fields[] = {
    F_TEXT(struct hysteria, server, F_REQUIRED, 1, NAME_MAX_LENGTH),
    F_INT(struct hysteria, port, F_REQUIRED, 1, UINT16_MAX),
    F_OBJECT(struct hysteria, auth, struct userpass, F_REQUIRED, &userpass_schema),
};
static const struct schema hysteria_schema = SCHEMA(struct hysteria, hysteria_fields);

struct tunnel_end {
    const char *private_key, *public_key;
};

static const struct field interface_fields[] = {
    F_TEXT(struct tunnel_end, private_key, F_REQUIRED, 1, KEY_MAX_LENGTH),
};
static const struct schema interface_schema = SCHEMA(struct tunnel_end, interface_fields);

static const struct field peer_fields[] = {
    F_TEXT(struct tunnel_end, public_key, F_REQUIRED, 1, KEY_MAX_LENGTH),
};
static const struct schema peer_schema = SCHEMA(struct tunnel_end, peer_fields);

struct wireguard {
    const char *endpoint, *assigned_ip, *device_public_key;
    const struct tunnel_end *interface, *peer;
};

static const struct field wireguard_fields[] = {
    F_TEXT(struct wireguard, endpoint, F_REQUIRED, 1, NAME_MAX_LENGTH),
    F_TEXT(struct wireguard, assigned_ip, F_REQUIRED, 1, KEY_MAX_LENGTH),
    F_TEXT(struct wireguard, device_public_key, F_REQUIRED, 1, KEY_MAX_LENGTH),
    F_OBJECT(struct wireguard, interface, struct tunnel_end, F_REQUIRED, &interface_schema),
    F_OBJECT(struct wireguard, peer, struct tunnel_end, F_REQUIRED, &peer_schema),
};
static const struct schema wireguard_schema = SCHEMA(struct wireguard, wireguard_fields);

static const struct {
    const char *protocol;
    const struct schema *schema;
} protocols[] = {
    {"vless_reality", &over_reality_schema},
    {"vless_ws_tls", &over_ws_schema},
    {"hysteria2", &hysteria_schema},
    {"wireguard", &wireguard_schema},
};

/* -- what is there ------------------------------------------------------------------------- */

static const struct schema *
schema_of(const char *protocol)
{
    for (size_t i = 0; i < COUNT(protocols); i++) {
        if (str_eq(protocols[i].protocol, protocol))
            return protocols[i].schema;
    }
    return NULL;
}

/* "auth.username (missing), port (int_parsing)". */
static const char *
faults_text(struct json_object *faults, struct arena *arena)
{
    const char *text = "";

    for (size_t i = 0; i < json_object_array_length(faults); i++) {
        struct json_object *fault = json_object_array_get_idx(faults, i);
        struct json_object *loc = json_object_object_get(fault, "loc");
        const char *type = json_object_get_string(json_object_object_get(fault, "type"));
        const char *place = "";

        for (size_t k = 1; k < json_object_array_length(loc); k++)
            place = arena_printf(arena, "%s%s%s", place, k == 1 ? "" : ".",
                json_object_get_string(json_object_array_get_idx(loc, k)));
        text = arena_printf(arena, "%s%s%s (%s)", text, i == 0 ? "" : ", ", place, type);
    }
    return text;
}

const char *
config_fault(const char *protocol, const char *config, struct arena *arena)
{
    struct reader reader = {.arena = arena, .source = SOURCE_ROW};
    const struct schema *schema = schema_of(protocol);
    struct json_object *json;

    if (!json_read(arena, config, strlen(config), &json) ||
        !json_object_is_type(json, json_type_object))
        return "its configuration is no JSON object that can be read";
    if (schema == NULL)
        return NULL;
    read_json(&reader, schema, json, schema_new(schema, arena));
    return reader.faults == NULL ? NULL
                                 : arena_printf(arena, "its configuration cannot be read: %s",
                                       faults_text(reader.faults, arena));
}
