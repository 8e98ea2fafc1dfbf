/* VLESS over WebSocket and TLS, for operators with a name and a certificate of their own. */
#ifndef TG_DOMAIN_WS_H
#define TG_DOMAIN_WS_H

#include "domain/client.h"

struct ws_tls {
    const char *server_name;
    bool insecure;
};

struct ws_options {
    const char *path, *host;
};

struct ws_config {
    const char *protocol, *transport, *profile;
    const char *server;
    int64_t port;
    const char *uuid;
    const char *device_id;
    const char *sni;
    const struct ws_tls *tls;
    const struct ws_options *ws;
    const struct local_proxy *local_socks;
    const struct client_options *client_options;
    const struct chain *chain; /* NULL: direct */
};

extern const struct schema ws_config_schema;

/* The issuer's steps: see domain/issue.h. */
ready_fn ws_ready;
write_fn ws_write;

#endif
