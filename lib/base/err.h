/*
 * The one error type. A function that can fail returns bool (true means done) and takes
 * `struct err *err` last. On failure it has filled *err once; on success it has not touched it.
 *
 *     if (connection->status == STATUS_REVOKED)
 *         return err_set(err, ERR_CONNECTION_REVOKED);
 *
 * Each error that a program may want to tell from others has its own code; one table, err_kinds,
 * says what it is. What a class means on a wire is the business of that wire (lib/http).
 */
#ifndef TG_BASE_ERR_H
#define TG_BASE_ERR_H

#include <stdbool.h>

#include "base/attr.h"

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
    /* the rules */
    ERR_USER_BLOCKED,
    ERR_ENTITLEMENT_GRACE,
    ERR_ENTITLEMENT_BLOCKED,
    ERR_RANK,
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
    ERR_NO_ENDPOINT,
    ERR_REALITY_KEYS,
    ERR_SNI_NONE,
    ERR_SNI_UNAVAILABLE,
    ERR_SNI_POLICY,
    ERR_NODE_ROLE,
    ERR_NODE_ACTIVE,
    ERR_BUNDLE,
    ERR_SCOPE_NOT_HELD,
    /* between processes */
    ERR_PEER_AWAY,
    ERR_PEER_REFUSED,
    /* the database and ourselves */
    ERR_CONFLICT,
    ERR_RETRY,
    ERR_DATABASE_SLOW,
    ERR_DATABASE_AWAY,
    ERR_SETTINGS,
    ERR_INTERNAL,
    ERR_CODES
};

struct err_kind {
    enum err_class class;
    const char *code;     /* on the wire, for programs: snake_case, never changed */
    const char *sentence; /* for people, unless the place of the error knows a better one */
};

extern const struct err_kind err_kinds[ERR_CODES];

struct err {
    enum err_code code;
    char detail[256]; /* one sentence; never a secret */
};

/* Fill *err with the code's sentence, or with a better one. The value is false, so that callers
 * can write `return err_set(...)`. */
#define err_set(err, code)      (err_fill(err, code), false)
#define err_say(err, code, ...) (err_fill_text(err, code, __VA_ARGS__), false)

void err_fill(struct err *err, enum err_code code);
void err_fill_text(struct err *err, enum err_code code, const char *fmt, ...) PRINTF(3, 4);

#endif
