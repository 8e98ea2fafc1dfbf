#include "domain/wireguard.h"

/* -- the record ---------------------------------------------------------------------------- */

static const struct field text_item = {.type = FIELD_TEXT, .min = 1, .max = 64};

static const struct field interface_fields[] = {
    F_LIST(struct wireguard_interface, addresses, F_REQUIRED, &text_item, 1),
    F_LIST(struct wireguard_interface, dns, F_REQUIRED, &text_item, 0),
    F_INT(struct wireguard_interface, mtu, F_REQUIRED, 1, INT64_MAX),
    F_TEXT(struct wireguard_interface, private_key, F_REQUIRED, 1, 64),
};

static const struct field peer_fields[] = {
    F_TEXT(struct wireguard_peer, public_key, F_REQUIRED, 1, 64),
    F_TEXT(struct wireguard_peer, preshared_key, F_REQUIRED, 1, 64),
    F_LIST(struct wireguard_peer, allowed_ips, F_REQUIRED, &text_item, 1),
    F_INT(struct wireguard_peer, persistent_keepalive, F_REQUIRED, 0, INT64_MAX),
    F_TEXT(struct wireguard_peer, endpoint, F_REQUIRED, 1, 262),
};

static const struct schema interface_schema = SCHEMA(struct wireguard_interface, interface_fields);
static const struct schema peer_schema = SCHEMA(struct wireguard_peer, peer_fields);

static const struct field config_fields[] = {
    F_TEXT(struct wireguard_config, protocol, F_REQUIRED, 1, 32),
    F_TEXT(struct wireguard_config, profile, F_REQUIRED, 1, 64),
    F_TEXT(struct wireguard_config, endpoint, F_REQUIRED, 1, 262),
    F_OBJECT(struct wireguard_config, interface, struct wireguard_interface, F_REQUIRED,
        &interface_schema),
    F_OBJECT(struct wireguard_config, peer, struct wireguard_peer, F_REQUIRED, &peer_schema),
    F_TEXT(struct wireguard_config, assigned_ip, F_REQUIRED, 1, 64),
    F_TEXT(struct wireguard_config, device_public_key, F_REQUIRED, 1, 64),
};

const struct schema wireguard_config_schema = SCHEMA(struct wireguard_config, config_fields);
