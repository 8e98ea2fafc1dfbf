/*
 * VLESS with REALITY: what a client of it is configured with. The record is what is kept in
 * effective_config_json, and what links and files are made from.
 */
#ifndef TG_DOMAIN_REALITY_H
#define TG_DOMAIN_REALITY_H

#include "domain/client.h"

struct reality_keys {
    const char *public_key, *short_id;
};

struct reality_config {
    const char *protocol, *transport, *profile;
    const char *server;
    int64_t port;
    const char *uuid;
    const char *device_id;
    const char *sni, *flow;
    const struct reality_keys *reality;
    const struct local_proxy *local_socks;
    const struct client_options *client_options;
    const struct chain *chain; /* NULL: direct */
};

extern const struct schema reality_config_schema;

/* The issuer's steps: see domain/issue.h. */
choose_fn reality_choose;
ready_fn reality_ready;
write_fn reality_write;

#endif
