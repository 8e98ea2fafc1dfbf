/* Inside lib/store: how a connection is read from its rows, the same in every statement. */
#ifndef TG_STORE_CONNECTION_COLUMNS_H
#define TG_STORE_CONNECTION_COLUMNS_H

#include "schema/schema.h"

extern const struct schema connection_row_schema;

/* Of a connection, or a CTE of its rows, that is called c. */
#define CONNECTION_COLUMNS                                                                         \
    "c.id, c.user_id, c.device_id, d.name as device_name, n.display as user_display,"              \
    " concat_ws(' - ', n.display, d.name, c.id) as alias, c.protocol, c.mode, c.variant,"          \
    " c.profile_name, as_object(c.custom_overrides_json) as custom_overrides_json, c.status,"      \
    " c.created_at, u.role as user_role"

#define CONNECTION_JOINS                                                                           \
    " join device d on d.id = c.device_id join tg_user u on u.telegram_id = c.user_id"             \
    " cross join lateral (select concat_ws(' ', u.telegram_first_name, u.telegram_last_name)) f"   \
    " (full_name)"                                                                                 \
    " cross join lateral (select case"                                                             \
    " when u.telegram_username is not null"                                                        \
    " then concat('@', u.telegram_username, ' (', u.telegram_id, ')')"                             \
    " when f.full_name <> '' then concat(f.full_name, ' (', u.telegram_id, ')')"                   \
    " else u.telegram_id::text end) n (display)"

#endif
