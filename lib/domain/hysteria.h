/* Hysteria2: a user and a password over HTTP/3. */
#ifndef TG_DOMAIN_HYSTERIA_H
#define TG_DOMAIN_HYSTERIA_H

#include "domain/client.h"

struct hysteria_auth {
    const char *type; /* userpass */
    const char *username, *password;
};

struct hysteria_obfs {
    const char *type, *password;
};

struct hysteria_config {
    const char *protocol, *transport, *profile;
    const char *server;
    int64_t port;
    const struct hysteria_auth *auth;
    const char *sni;
    bool insecure;                    /* nobody has signed the certificate: the pin must match */
    const char *pin_sha256;           /* of the certificate, hex; NULL: an ordinary one */
    const struct hysteria_obfs *obfs; /* NULL: none, as it would spoil the masquerade */
    const char *client_mode;          /* socks, http, tun */
    int64_t up_mbps, down_mbps;
    const struct local_proxy *local_socks;
    const struct local_proxy *local_http; /* in adopted configurations NULL */
};

extern const struct schema hysteria_config_schema;

/* The issuer's steps: see domain/issue.h. */
ready_fn hysteria_ready;
write_fn hysteria_write;

#endif
