/* Devices: the rows of device. */
#ifndef TG_STORE_DEVICES_H
#define TG_STORE_DEVICES_H

#include "store/connections.h"

struct device {
    const char *id;
    int64_t user_id;
    const char *name;
    int status; /* enum access_status */
    usec_t created_at;
    int user_role; /* of the owner: enum user_role; not shown */
};

extern const struct schema device_schema;

struct device_new {
    int64_t user_id;
    const char *name;
    const char *id; /* not in the body */
};

extern const struct schema device_new_schema;

struct device_patch {
    const char *name;
};

extern const struct schema device_patch_schema;

struct devices_query {
    bool include_revoked;
};

extern const struct schema devices_query_schema;

/* Oldest first. */
bool devices_list(struct db *db, int64_t user_id, const struct devices_query *in,
    struct list *devices, struct err *err) MUST_CHECK;

/* ERR_DEVICE_NOT_FOUND. */
bool device_get(struct db *db, const char *id, struct device *device, struct err *err) MUST_CHECK;

/* The same, with the owner's row and the device `for update`. */
bool device_lock(struct db *db, const char *id, struct device *device, struct err *err) MUST_CHECK;

/* With its audit row, unless the user, whose row is locked, has `devices_max` active ones:
 * ERR_DEVICE_LIMIT. */
bool device_insert(struct db *db, const struct actor *actor, const struct device_new *in,
    int64_t devices_max, struct device *device, struct err *err) MUST_CHECK;

bool device_rename(struct db *db, const char *id, const struct device_patch *in,
    struct device *device, struct err *err) MUST_CHECK;

bool device_revoke(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* All active ones of these users (the text of an array: "{7,8}"), `count` of them. */
bool
devices_revoke_of(struct db *db, const char *user_ids, int64_t *count, struct err *err) MUST_CHECK;

#endif
