#include "domain/wireguard.h"

#include "base/rand.h"
#include "base/uuid.h"
#include "crypto/base64.h"
#include "crypto/secret.h"
#include "crypto/x25519.h"
#include "schema/write.h"
#include "store/ipam.h"

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

/* -- keys ---------------------------------------------------------------------------------- */

#define KEY_SIZE BASE64_SIZE(X25519_BYTES)

struct keys {
    char private_key[KEY_SIZE], public_key[KEY_SIZE], preshared_key[KEY_SIZE];
};

static bool
make_keys(struct keys *keys, struct err *err)
{
    unsigned char secret[X25519_BYTES], public[X25519_BYTES];
    bool made = x25519_make(secret, public, err);

    if (made) {
        base64_write(BASE64_STD, secret, sizeof(secret), keys->private_key);
        base64_write(BASE64_STD, public, sizeof(public), keys->public_key);
        rand_bytes(secret, sizeof(secret));
        base64_write(BASE64_STD, secret, sizeof(secret), keys->preshared_key);
    }
    secret_wipe(secret, sizeof(secret));
    return made;
}

/* -- its address --------------------------------------------------------------------------- */

static bool
find_address(
    const struct turn *turn, const struct holding *holding, struct tunnel *tunnel, struct err *err)
{
    char *id = arena_alloc(turn->arena, UUID_SIZE);

    uuid_make(id);
    return tunnel_find(turn->db, holding->device_id, tunnel, err) &&
        (tunnel->ip != NULL || address_take(turn->db, holding->device_id, id, tunnel, err));
}

static struct peer_new *
new_peer(const struct turn *turn, const struct tunnel *tunnel)
{
    struct peer_new *peer = arena_alloc(turn->arena, sizeof(*peer));
    char *id = arena_alloc(turn->arena, UUID_SIZE);

    uuid_make(id);
    *peer = (struct peer_new){id, tunnel->lease_id};
    return peer;
}

/* -- what is made -------------------------------------------------------------------------- */

static const char *
config_text(const struct turn *turn, const struct draft *draft, const char *host, const char *ip,
    const struct keys *keys)
{
    const struct wireguard_overrides *overrides = draft->overrides;
    const char *endpoint =
        arena_printf(turn->arena, "%s:%d", host, (int)turn->settings->wireguard_port);
    const char *const addresses[] = {arena_printf(turn->arena, "%s/32", ip)};
    const struct wireguard_interface interface = {
        .addresses = {addresses, COUNT(addresses)},
        .dns = overrides->dns,
        .mtu = overrides->mtu,
        .private_key = keys->private_key,
    };
    const struct wireguard_peer peer = {
        .public_key = turn->settings->wireguard_server_public_key,
        .preshared_key = keys->preshared_key,
        .allowed_ips = overrides->allowed_ips,
        .persistent_keepalive = overrides->persistent_keepalive,
        .endpoint = endpoint,
    };
    const struct wireguard_config config = {
        .protocol = "wireguard",
        .profile = draft->profile,
        .endpoint = endpoint,
        .interface = &interface,
        .peer = &peer,
        .assigned_ip = ip,
        .device_public_key = keys->public_key,
    };

    return write_text(&wireguard_config_schema, &config, turn->arena);
}

static bool
find(const struct turn *turn, const struct holding *holding, const char **host, struct err *err)
{
    return issue_host(turn, holding, NODE_VPS_T, host, err) &&
        (*turn->settings->wireguard_server_public_key != '\0' || err_set(err, ERR_WIREGUARD_KEY));
}

bool
wireguard_ready(const struct turn *turn, const struct draft *draft, struct err *err)
{
    const char *host;

    return find(turn, draft->holding, &host, err);
}

bool
wireguard_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err)
{
    struct tunnel tunnel;
    struct keys keys;
    const char *host;

    if (!find(turn, draft->holding, &host, err) ||
        !find_address(turn, draft->holding, &tunnel, err) || !make_keys(&keys, err))
        return false;
    revision->credential_key = arena_strdup(turn->arena, keys.public_key);
    revision->effective_config_json = config_text(turn, draft, host, tunnel.ip, &keys);
    revision->peer = new_peer(turn, &tunnel);
    secret_wipe(&keys, sizeof(keys));
    return true;
}
