/* Inside lib/store: how a user is read from tg_user, the same in every statement. */
#ifndef TG_STORE_USER_COLUMNS_H
#define TG_STORE_USER_COLUMNS_H

/* Of user_schema. */
#define USER_COLUMNS                                                                               \
    "telegram_id, telegram_username, telegram_first_name, telegram_last_name, role, devices_max,"  \
    " entitlement_status, grace_ends_at, bot_blocked_until, bot_block_reason, created_at"

/* Of user_locked_schema. */
#define USER_LOCKED USER_COLUMNS ", clock_timestamp() as locked_at"

#endif
