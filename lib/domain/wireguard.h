/* WireGuard: a key pair and a preshared key per revision, an address per device. */
#ifndef TG_DOMAIN_WIREGUARD_H
#define TG_DOMAIN_WIREGUARD_H

#include "domain/client.h"

struct wireguard_interface {
    struct list addresses; /* const char *, CIDR */
    struct list dns;       /* const char * */
    int64_t mtu;
    const char *private_key; /* like all keys here standard base64 */
};

struct wireguard_peer {
    const char *public_key; /* of the server */
    const char *preshared_key;
    struct list allowed_ips; /* const char *, CIDR */
    int64_t persistent_keepalive;
    const char *endpoint; /* host:port */
};

struct wireguard_config {
    const char *protocol, *profile;
    const char *endpoint; /* host:port */
    const struct wireguard_interface *interface;
    const struct wireguard_peer *peer;
    const char *assigned_ip;
    const char *device_public_key; /* the credential's key */
};

extern const struct schema wireguard_config_schema;

/* The issuer's steps: see domain/issue.h. The device keeps its address, or takes one. */
ready_fn wireguard_ready;
write_fn wireguard_write;

#endif
