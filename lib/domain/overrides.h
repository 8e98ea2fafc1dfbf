/*
 * Overrides: what a client may be told differently from the defaults. Each protocol has its record
 * (data: only these keys, with these values); ports of servers, listeners, secrets of statistics
 * and masquerade are in none.
 */
#ifndef TG_DOMAIN_OVERRIDES_H
#define TG_DOMAIN_OVERRIDES_H

#include "base/err.h"
#include "schema/schema.h"

/* Both VLESS protocols; the WebSocket's members stay NULL with REALITY, and the other way round. */
struct vless_overrides {
    int64_t camouflage_sni_id; /* 0: not overridden */
    int64_t connect_timeout_ms, dial_timeout_ms;
    int64_t local_socks_port;
    bool tcp_fast_open;
    const char *ws_path, *ws_host, *tls_server_name; /* NULL: not overridden */
    bool tls_insecure;
};

enum client_mode {
    CLIENT_SOCKS,
    CLIENT_HTTP,
    CLIENT_TUN
};

extern const char *const client_mode_names[];

struct hysteria_overrides {
    int client_mode; /* enum client_mode */
    int64_t up_mbps, down_mbps;
    const char *socks_listen, *http_listen; /* loopback */
};

struct wireguard_overrides {
    struct list dns; /* const char *, IPv4 */
    int64_t mtu;
    int64_t persistent_keepalive; /* seconds; 0: none */
    struct list allowed_ips;      /* const char *, CIDR */
};

extern const struct schema reality_overrides_schema; /* struct vless_overrides */
extern const struct schema ws_overrides_schema;      /* struct vless_overrides */
extern const struct schema hysteria_overrides_schema;
extern const struct schema wireguard_overrides_schema;

/* The object as a record of the schema. ERR_OVERRIDES, naming every key that is not known or has
 * a value it cannot have. */
bool overrides_read(const struct schema *schema, const char *json, struct arena *arena,
    const void **record, struct err *err) MUST_CHECK;

#endif
