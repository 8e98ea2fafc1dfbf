/* Dead letters as operators see them: the rows of delivery_dead. */
#ifndef TG_STORE_LETTERS_H
#define TG_STORE_LETTERS_H

#include "store/audit.h"

enum letter_state {
    LETTER_DEAD, /* open */
    LETTER_REQUEUED,
    LETTER_SUPERSEDED, /* a later version was applied */
    LETTER_DISCARDED   /* by an operator, or with its node */
};

struct letter {
    int64_t id;
    const char *node_id, *node_name; /* the name is empty once the node is gone */
    const char *event_type;          /* NULL when the log no more had the event */
    const char *aggregate_id;
    int64_t ver;
    const char *code, *detail; /* what the node said, or NULL */
    int64_t attempts;
    int state; /* enum letter_state */
    const char *reason;
    usec_t created_at, resolved_at;
    const char *resolved_by; /* a token's name; NULL for the dispatcher */
};

extern const struct schema letter_schema;
extern const struct schema letter_audit_schema; /* what the audit log may show */

struct letters_query {
    int64_t limit;
    struct cursor cursor;
    const char *node_id, *aggregate_id, *code; /* NULL: any */
};

extern const struct schema letters_query_schema;

/* The open ones, newest first; one more than `limit` when there is more. */
bool letters_list(struct db *db, const struct letters_query *in, struct list *letters,
    struct err *err) MUST_CHECK;

/* The place of a letter in that list. */
struct cursor letter_cursor(const void *letter, struct arena *arena);

/* And nobody else changes it until the transaction ends. ERR_DEAD_NOT_FOUND. */
bool letter_lock(struct db *db, int64_t id, struct letter *letter, struct err *err) MUST_CHECK;

struct letter_end {
    const char *reason;
    const char *by; /* a token's name */
};

/* An open one that is locked; the letter as it is then. */
bool letter_discard(struct db *db, int64_t id, const struct letter_end *end, struct letter *letter,
    struct err *err) MUST_CHECK;

/* All open ones of a node that goes. */
bool letters_discard_of_node(
    struct db *db, const char *node_id, const struct letter_end *end, struct err *err) MUST_CHECK;

#endif
