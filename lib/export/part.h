/* What stands in a configuration, as the forms need it. */
#ifndef TG_EXPORT_PART_H
#define TG_EXPORT_PART_H

#include "export/config.h"

/* A name or an address, and a port. */
struct host_port {
    const char *host;
    int64_t port;
};

/* Where the client listens: for SOCKS5, unless only the one for HTTP is wanted. Clients of today
 * speak both at either. */
const struct local_part *part_local(const struct hysteria_client *config);

/* Of "host:port", as the schemas let it through. */
struct host_port part_endpoint(const char *text, struct arena *arena);

/* "name:password", or the password alone. */
const char *part_auth(const struct auth_part *auth, struct arena *arena);

/* In lower-case hex without colons; NULL for NULL. */
const char *part_pin(const char *pin, struct arena *arena);

/* NULL when there are none. */
const char *part_join(const struct list *texts, const char *between, struct arena *arena);

/* What a client sends through the tunnel. Who sends all of IPv4 sends IPv6 there, too: past the
 * tunnel it would give him away. */
struct list part_allowed_ips(const struct list *allowed, struct arena *arena);

#endif
