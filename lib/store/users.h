/* Users: the rows of tg_user. A user is known by the Telegram id alone. */
#ifndef TG_STORE_USERS_H
#define TG_STORE_USERS_H

#include "db/db.h"

enum user_role {
    ROLE_USER,
    ROLE_ADMIN,
    ROLE_SUPERADMIN
};

extern const char *const user_role_names[];

struct user {
    int64_t telegram_id;
    const char *telegram_username; /* without the leading @, or NULL */
    int role;                      /* enum user_role */
    int64_t devices_max;
    usec_t bot_blocked_until; /* USEC_NONE when not blocked */
    usec_t created_at;
};

extern const struct schema user_schema;

struct user_new {
    int64_t telegram_id;
    int64_t devices_max;
};

extern const struct schema user_new_schema;

enum user_profile_field {
    PROFILE_USERNAME,
};

/* What is absent is left as it is; null clears. */
struct user_profile {
    uint64_t present;
    const char *telegram_username;
};

extern const struct schema user_profile_schema;

enum users_query_field {
    USERS_LIMIT,
    USERS_CURSOR,
    USERS_ROLE,
};

struct users_query {
    uint64_t present;
    int64_t limit;
    struct cursor cursor;
    int role; /* any when absent */
};

extern const struct schema users_query_schema;

/* Newest first; one more than `limit` when there is more. */
bool users_list(
    struct db *db, const struct users_query *in, struct list *users, struct err *err) MUST_CHECK;

/* The place of a user in that list. */
struct cursor user_cursor(const void *user, struct arena *arena);

/* ERR_USER_NOT_FOUND. */
bool user_get(struct db *db, int64_t telegram_id, struct user *user, struct err *err) MUST_CHECK;

/* The same, and nobody else changes the user until the transaction ends. */
bool user_lock(struct db *db, int64_t telegram_id, struct user *user, struct err *err) MUST_CHECK;

/* ERR_USER_EXISTS. */
bool user_insert(
    struct db *db, const struct user_new *in, struct user *user, struct err *err) MUST_CHECK;

/* ERR_USER_NOT_FOUND. */
bool user_update_profile(struct db *db, int64_t telegram_id, const struct user_profile *in,
    struct user *user, struct err *err) MUST_CHECK;

#endif
