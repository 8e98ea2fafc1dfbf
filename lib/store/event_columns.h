/* Inside lib: how an event is read from its rows, the same in every statement. */
#ifndef TG_STORE_EVENT_COLUMNS_H
#define TG_STORE_EVENT_COLUMNS_H

#include "store/outbox.h"

/* Of a record that begins with a struct event. */
#define EVENT_FIELDS                                                                               \
    F_INT(struct event, id, F_REQUIRED, 1, INT64_MAX),                                             \
        F_OPT_INT(struct event, gen, F_REQUIRED, 1, INT64_MAX),                                    \
        F_TEXT(struct event, event_type, F_REQUIRED, 1, 64),                                       \
        F_TEXT(struct event, role_target, F_REQUIRED, 1, 16),                                      \
        F_TEXT(struct event, aggregate_id, F_REQUIRED, 1, 128),                                    \
        F_INT(struct event, ver, F_REQUIRED, 0, INT64_MAX),                                        \
        F_TEXT(struct event, idempotency_key, F_REQUIRED, 1, 255),                                 \
        F_ENUM(struct event, status, F_REQUIRED, event_status_names),                              \
        F_TIME(struct event, created_at, F_REQUIRED),                                              \
        F_TEXT(struct event, request_id, F_REQUIRED | F_NULLABLE, 1, 128)

#endif
