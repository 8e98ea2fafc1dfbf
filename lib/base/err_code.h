/* The errors that programs tell apart, and their classes: one row of err_kinds[] (err.c) each. */
#ifndef TG_BASE_ERR_CODE_H
#define TG_BASE_ERR_CODE_H

enum err_class {
    CLASS_REFUSED, /* the input is well formed, a rule says no */
    CLASS_INVALID, /* the input breaks its schema; the faults are listed apart */
    CLASS_UNAUTHORIZED,
    CLASS_FORBIDDEN,
    CLASS_NOT_FOUND,
    CLASS_METHOD,
    CLASS_NOT_ACCEPTABLE,
    CLASS_MEDIA_TYPE,
    CLASS_TOO_LARGE,
    CLASS_CONFLICT,
    CLASS_GONE,
    CLASS_RETRY,       /* nothing is wrong: the same request may pass at once */
    CLASS_UNAVAILABLE, /* something is down or slow: the same request may pass later */
    CLASS_FULL,        /* no room on the disk, nothing was written */
    CLASS_INTERNAL,    /* our fault; the detail goes to the log, not to the client */
    ERR_CLASSES
};

enum err_code {
    ERR_NONE,
    /* the request */
    ERR_BAD_REQUEST,
    ERR_NO_ROUTE,
    ERR_METHOD,
    ERR_TOKEN,
    ERR_SCOPE,
    ERR_MEDIA_TYPE,
    ERR_TOO_LARGE,
    ERR_INPUT,
    ERR_IDEMPOTENCY_RUNNING,
    ERR_IDEMPOTENCY_MISMATCH,
    ERR_ACTOR_NOT_FOUND,
    ERR_ACTOR_MISSING,
    ERR_ACTOR_MISMATCH,
    ERR_LATE,
    /* what is not there, or there already */
    ERR_USER_NOT_FOUND,
    ERR_USER_EXISTS,
    ERR_DEVICE_NOT_FOUND,
    ERR_CONNECTION_NOT_FOUND,
    ERR_REVISION_NOT_FOUND,
    ERR_NODE_NOT_FOUND,
    ERR_TOKEN_NOT_FOUND,
    ERR_TOKEN_NAME_EXISTS,
    ERR_EVENT_NOT_FOUND,
    ERR_DEAD_NOT_FOUND,
    /* the rules */
    ERR_USER_BLOCKED,
    ERR_ENTITLEMENT_GRACE,
    ERR_ENTITLEMENT_BLOCKED,
    ERR_RANK,
    ERR_LAST_SUPERADMIN,
    ERR_SUPERADMIN_IMMUNE,
    ERR_DEVICE_LIMIT,
    ERR_DEVICE_REVOKED,
    ERR_DEVICE_NOT_OF_USER,
    ERR_WG_EXISTS,
    ERR_COMBINATION,
    ERR_OVERRIDES,
    ERR_PATCH_IMMUTABLE,
    ERR_CONNECTION_REVOKED,
    ERR_REVISION_GONE,
    ERR_EXPORT_FORMAT,
    ERR_EXPORT_CONFIG,
    ERR_NO_ENDPOINT,
    ERR_REALITY_KEYS,
    ERR_WIREGUARD_KEY,
    ERR_IPAM_EXHAUSTED,
    ERR_SNI_NONE,
    ERR_SNI_UNAVAILABLE,
    ERR_SNI_POLICY,
    ERR_NODE_ROLE,
    ERR_NODE_ACTIVE,
    ERR_DEAD_RESOLVED,
    ERR_BUNDLE,
    ERR_BUNDLE_SIZE,
    ERR_SCOPE_NOT_HELD,
    ERR_FILTER_REQUIRED,
    /* between processes */
    ERR_PEER_AWAY,
    ERR_PEER_REFUSED,
    ERR_FENCED,
    ERR_GAP,
    ERR_NEED_SNAPSHOT,
    ERR_EPOCH,
    ERR_BATCH,
    ERR_AGENT_BUSY,
    ERR_STATE_FULL,
    ERR_STATE_BROKEN,
    /* the database and ourselves */
    ERR_CONFLICT,
    ERR_RETRY,
    ERR_DATABASE_SLOW,
    ERR_DATABASE_AWAY,
    ERR_SETTINGS,
    ERR_FILE,
    ERR_MIGRATION,
    ERR_INSTALLATION,
    ERR_PROCESS,
    ERR_INTERNAL,
    ERR_CODES
};

#endif
