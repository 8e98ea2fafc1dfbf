/* Users: the rows of tg_user. A user is known by the Telegram id alone. */
#ifndef TG_STORE_USERS_H
#define TG_STORE_USERS_H

#include "store/audit.h"

enum user_role {
    ROLE_USER,
    ROLE_ADMIN,
    ROLE_SUPERADMIN
};

/* What a user's entitlement lets him have. */
enum standing {
    STANDING_ACTIVE,
    STANDING_GRACE,  /* what he has, nothing new */
    STANDING_BLOCKED /* nothing */
};

extern const char *const user_role_names[];
extern const char *const standing_names[];

struct user {
    int64_t telegram_id;
    const char *telegram_username; /* without the leading @; names may be NULL */
    const char *telegram_first_name, *telegram_last_name;
    int role; /* enum user_role */
    int64_t devices_max;
    int entitlement_status; /* enum standing */
    usec_t grace_ends_at;
    usec_t bot_blocked_until; /* may have passed */
    const char *bot_block_reason;
    usec_t created_at;
    bool access_restored; /* false; shown only of a user who is blocked no more */
    usec_t locked_at;     /* by the database's clock; not shown, and only of a locked user */
};

extern const struct schema user_schema;
extern const struct schema user_unblocked_schema; /* with `access_restored` */
extern const struct schema user_locked_schema;    /* with `locked_at` */

struct user_new {
    int64_t telegram_id;
    int64_t devices_max;
};

extern const struct schema user_new_schema;

enum user_patch_field {
    USER_DEVICES_MAX,
};

struct user_patch {
    uint64_t present;
    int64_t devices_max;
};

extern const struct schema user_patch_schema;

/* Null leaves a name as it is, as absence does; an empty one clears it. */
struct user_profile {
    const char *telegram_username;
    const char *telegram_first_name;
    const char *telegram_last_name;
};

extern const struct schema user_profile_schema;

enum users_query_field {
    USERS_LIMIT,
    USERS_CURSOR,
    USERS_ROLE,
    USERS_BLOCKED_ONLY,
    USERS_SEARCH,
    USERS_PID,
};

struct users_query {
    uint64_t present;
    int64_t limit;
    struct cursor cursor;
    int role; /* any when absent */
    bool blocked_only;
    const char *search; /* 3 code points or more: a part of an id or a name; fewer: a beginning */
    const char *pid;    /* of one user */

    /* Not parameters: */
    int64_t only;    /* this user; 0: all */
    int64_t seen_by; /* who is shown himself and those below him; 0: all are shown */
    int seen_rank;   /* his: enum user_role */
};

extern const struct schema users_query_schema;

/* Newest first; one more than `limit` when there is more. */
bool users_list(
    struct db *db, const struct users_query *in, struct list *users, struct err *err) MUST_CHECK;

/* The place of a user in that list. */
struct cursor user_cursor(const void *user, struct arena *arena);

/* The ids that follow this one, ascending, as the text of an array: {7,8}. Some thousands at a
 * time, none at the end. */
bool user_ids(struct db *db, int64_t after, const char **ids, struct err *err) MUST_CHECK;

/* ERR_USER_NOT_FOUND. */
bool user_get(struct db *db, int64_t telegram_id, struct user *user, struct err *err) MUST_CHECK;

/* The same, and nobody else changes the user until the transaction ends. */
bool user_lock(struct db *db, int64_t telegram_id, struct user *user, struct err *err) MUST_CHECK;

/* With its audit row. ERR_USER_EXISTS. */
bool user_insert(struct db *db, const struct actor *actor, const struct user_new *in, int role,
    struct user *user, struct err *err) MUST_CHECK;

bool user_update_profile(struct db *db, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err) MUST_CHECK;

#endif
