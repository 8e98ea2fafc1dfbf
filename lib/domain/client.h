/*
 * What the configurations of clients have in common, whatever the protocol: where they connect to,
 * and what they listen on themselves. A configuration is the record that is kept in
 * effective_config_json, and that links and files are made from.
 */
#ifndef TG_DOMAIN_CLIENT_H
#define TG_DOMAIN_CLIENT_H

#include "domain/issue.h"
#include "domain/overrides.h"

/* A proxy of the client's own, on its loopback. */
struct local_proxy {
    bool enabled;
    const char *listen;
};

struct client_options {
    int64_t connect_timeout_ms, dial_timeout_ms;
    bool tcp_fast_open;
};

/* From the entry on. */
struct chain {
    const char *type; /* ENTRY_MODE */
    const char *upstream;
    int64_t port;
};

extern const struct schema local_proxy_schema;
extern const struct schema client_options_schema;
extern const struct schema chain_schema;

struct endpoint {
    const char *server;
    const struct chain *chain; /* NULL: direct */
};

/* By the connection's mode. `port` is where the exit listens. ERR_NO_ENDPOINT. */
bool client_endpoint(const struct turn *turn, const struct holding *holding, int64_t port,
    struct endpoint *endpoint, struct err *err) MUST_CHECK;

/* Whether the entry's Xray ends the client's TLS, not the exit's. */
bool client_ends_at_entry(const struct turn *turn, const struct holding *holding);

/* Makes one, and keeps its key in the revision; the id in the arena. */
const char *client_uuid(const struct turn *turn, struct revision_new *revision);

struct local_proxy client_socks(const struct turn *turn, const struct vless_overrides *overrides);
struct client_options client_options(const struct vless_overrides *overrides);

#endif
