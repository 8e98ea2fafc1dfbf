/* The audit log as it is read: who changed what, newest first. */
#ifndef TG_STORE_AUDIT_LOG_H
#define TG_STORE_AUDIT_LOG_H

#include "store/audit.h"

struct audit_entry {
    int64_t id;
    usec_t at;
    const char *request_id, *token_name; /* NULL when no request made it */
    struct opt_int actor_telegram_id;
    const char *action, *subject;
    const char *before, *after; /* as in struct audit */
};

extern const struct schema audit_entry_schema;

enum audit_query_field {
    AUDIT_TELEGRAM_ID,
    AUDIT_ACTION,
    AUDIT_SINCE,
    AUDIT_LIMIT,
    AUDIT_CURSOR,
};

struct audit_query {
    uint64_t present;
    int64_t telegram_id; /* what he did as an actor, and what was done to him as a user */
    const char *action;
    usec_t since;
    int64_t limit;
    struct cursor cursor;
};

extern const struct schema audit_query_schema;

/* One more than `limit` when there is more. */
bool audit_list(
    struct db *db, const struct audit_query *in, struct list *entries, struct err *err) MUST_CHECK;

/* The place of an entry in that list. */
struct cursor audit_cursor(const void *entry, struct arena *arena);

#endif
