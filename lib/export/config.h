/*
 * What exports read of an effective configuration. The record that issued it is in domain/; here it
 * may be of any age: only what no client can do without must be there, what an older release did
 * not write has its default, and numbers may be texts.
 */
#ifndef TG_EXPORT_CONFIG_H
#define TG_EXPORT_CONFIG_H

#include "base/err.h"
#include "schema/schema.h"
#include "store/revisions.h"

/* Where the client could listen, on its own machine. */
struct local_part {
    bool enabled;
    const char *listen; /* host:port */
};

struct options_part {
    int64_t connect_timeout_ms;
    bool tcp_fast_open;
};

struct reality_part {
    const char *public_key, *short_id;
};

struct tls_part {
    bool insecure; /* takes any certificate */
};

struct ws_part {
    const char *path;
    const char *host; /* NULL: as the name in TLS */
};

/* Over REALITY or WebSocket: `reality` or `ws` is there. */
struct vless_client {
    const char *server;
    int64_t port;
    const char *uuid, *sni, *flow;
    const struct reality_part *reality;
    const struct ws_part *ws;
    const struct tls_part *tls;
    const struct local_part *local_socks;
    const struct options_part *client_options;
};

struct auth_part {
    const char *username; /* NULL: the password alone */
    const char *password;
};

struct obfs_part {
    const char *type, *password;
};

struct hysteria_client {
    const char *server;
    int64_t port;
    const struct auth_part *auth;
    const char *sni; /* NULL: the server's name */
    bool insecure;
    const char *pin_sha256; /* of the certificate, in hex with or without colons; or NULL */
    const struct obfs_part *obfs;
    int64_t up_mbps, down_mbps; /* 0: unknown */
    const struct local_part *local_socks;
    const struct local_part *local_http; /* or NULL */
};

struct interface_part {
    struct list addresses, dns; /* const char * */
    int64_t mtu;
    const char *private_key;
};

struct peer_part {
    const char *public_key;
    const char *preshared_key; /* or NULL */
    struct list allowed_ips;   /* const char * */
    int64_t persistent_keepalive;
};

struct wireguard_client {
    const char *endpoint; /* host:port */
    const struct interface_part *interface;
    const struct peer_part *peer;
};

extern const struct local_part usual_socks; /* where a configuration says nothing */

extern const struct schema reality_export_schema; /* struct vless_client */
extern const struct schema ws_export_schema;      /* struct vless_client */
extern const struct schema hysteria_export_schema;
extern const struct schema wireguard_export_schema;

/* A record of the schema from source->effective_config_json. ERR_EXPORT_CONFIG, naming each member
 * that is missing or not as it should be. */
bool config_read(const struct schema *schema, const struct export_source *source,
    struct arena *arena, void *record, struct err *err) MUST_CHECK;

#endif
