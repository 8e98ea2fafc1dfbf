#include "init_db/config.h"

#include <string.h>

#include "base/str.h"
#include "export/config.h"
#include "schema/read.h"

/* -- what a node needs, besides what a client needs ------------------------------------------ */

struct userpass {
    const char *username;
};

static const struct field userpass_fields[] = {
    F_TEXT(struct userpass, username, F_REQUIRED, 1, 255),
};
static const struct schema userpass_schema = SCHEMA(struct userpass, userpass_fields);

struct hysteria_node {
    const struct userpass *auth;
};

static const struct field hysteria_fields[] = {
    F_OBJECT(struct hysteria_node, auth, struct userpass, F_REQUIRED, &userpass_schema),
};
static const struct schema hysteria_schema = SCHEMA(struct hysteria_node, hysteria_fields);

struct wireguard_node {
    const char *device_public_key;
};

static const struct field wireguard_fields[] = {
    F_TEXT(struct wireguard_node, device_public_key, F_REQUIRED, 1, 64),
};
static const struct schema wireguard_schema = SCHEMA(struct wireguard_node, wireguard_fields);

static const struct {
    const char *protocol;
    const struct schema *client, *node; /* NULL: nothing more */
} protocols[] = {
    {"vless_reality", &reality_export_schema, NULL},
    {"vless_ws_tls", &ws_export_schema, NULL},
    {"hysteria2", &hysteria_export_schema, &hysteria_schema},
    {"wireguard", &wireguard_export_schema, &wireguard_schema},
};

/* -- what is there ------------------------------------------------------------------------- */

static const char *
fault_of(const struct schema *schema, const char *config, struct arena *arena)
{
    const struct export_source source = {.effective_config_json = config};
    struct err err;

    return schema == NULL ||
            config_read(schema, &source, arena, arena_alloc(arena, schema->size), &err)
        ? NULL
        : arena_strdup(arena, err.detail);
}

const char *
config_fault(const char *protocol, const char *config, struct arena *arena)
{
    struct json_object *json;
    const char *fault = NULL;

    if (!json_read(arena, config, strlen(config), &json) ||
        !json_object_is_type(json, json_type_object))
        return "its configuration is no JSON object that can be read";
    for (size_t i = 0; i < COUNT(protocols) && fault == NULL; i++) {
        if (!str_eq(protocols[i].protocol, protocol))
            continue;
        fault = fault_of(protocols[i].client, config, arena);
        if (fault == NULL)
            fault = fault_of(protocols[i].node, config, arena);
    }
    return fault;
}
