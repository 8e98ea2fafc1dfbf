/*
 * Connections: one way in for one device. Here are their records, the lists and what changes a
 * connection alone; what gives and takes access is in store/access.h.
 */
#ifndef TG_STORE_CONNECTIONS_H
#define TG_STORE_CONNECTIONS_H

#include "store/audit.h"

enum connection_protocol {
    PROTOCOL_VLESS_REALITY,
    PROTOCOL_VLESS_WS_TLS,
    PROTOCOL_HYSTERIA2,
    PROTOCOL_WIREGUARD
};

enum connection_mode {
    MODE_DIRECT,
    MODE_CHAIN
};

enum connection_variant {
    VARIANT_B1,
    VARIANT_B2,
    VARIANT_B3,
    VARIANT_B5
};

/* Of devices, connections and revisions. */
enum access_status {
    STATUS_ACTIVE,
    STATUS_REVOKED
};

extern const char *const connection_protocol_names[];
extern const char *const connection_mode_names[];
extern const char *const connection_variant_names[];
extern const char *const access_status_names[];

struct connection {
    const char *id;
    int64_t user_id;
    const char *device_id, *device_name;
    const char *user_display; /* "@name (id)", else "First Last (id)", else "id" */
    const char *alias;        /* "<display> - <device name> - <id>" */
    int protocol, mode, variant;
    const char *profile_name;
    const char *custom_overrides_json;
    int status; /* enum access_status */
    usec_t created_at;
    const struct revision *revision; /* the one issued with it; only POST /connections shows it */
    int user_role;                   /* of the owner: enum user_role; not shown */
};

extern const struct schema connection_schema;
extern const struct schema connection_created_schema; /* with `revision` */

/* What an issuing asks for. */
struct issue_new {
    struct opt_int camouflage_sni_id;
    const char *provider; /* a tag of the SNI catalogue, or NULL */
    bool force;           /* past the entitlement */
};

extern const struct schema issue_new_schema;

struct connection_new {
    const char *id; /* made by us, not in the body */
    int64_t user_id;
    const char *device_id;
    int protocol, mode, variant;
    const char *profile_name;
    const char *custom_overrides_json;
    const struct issue_new *issue; /* NULL: no revision yet */
};

extern const struct schema connection_new_schema;

enum connection_patch_field {
    CONNECTION_PROFILE_NAME,
    CONNECTION_OVERRIDES,
    CONNECTION_PROTOCOL, /* this and the following only to be refused */
    CONNECTION_MODE,
    CONNECTION_VARIANT,
    CONNECTION_STATUS
};

struct connection_patch {
    uint64_t present;
    const char *profile_name;
    const char *custom_overrides_json;
    const char *protocol, *mode, *variant, *status;
};

extern const struct schema connection_patch_schema;

struct connections_query {
    bool include_revoked;
};

extern const struct schema connections_query_schema;

/* ERR_CONNECTION_NOT_FOUND. */
bool connection_get(
    struct db *db, const char *id, struct connection *connection, struct err *err) MUST_CHECK;

/* Oldest first. */
bool connections_list(struct db *db, const char *device_id, const struct connections_query *in,
    struct list *connections, struct err *err) MUST_CHECK;

/* Writes the audit row, too. ERR_CONNECTION_NOT_FOUND. */
bool connection_update(struct db *db, const struct actor *actor, const char *id,
    const struct connection_patch *in, struct connection *connection, struct err *err) MUST_CHECK;

#endif
