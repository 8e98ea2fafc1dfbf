/* The rules about devices: whose they are, how many, and that a revoked one takes its access along.
 */
#ifndef TG_DOMAIN_DEVICES_H
#define TG_DOMAIN_DEVICES_H

#include "domain/turn.h"
#include "store/devices.h"

/* ERR_USER_NOT_FOUND. */
bool devices_of_user(const struct turn *turn, int64_t user_id, const struct devices_query *in,
    struct list *devices, struct err *err) MUST_CHECK;

/* ERR_DEVICE_NOT_FOUND. */
bool device_read(
    const struct turn *turn, const char *id, struct device *device, struct err *err) MUST_CHECK;

/* ERR_USER_NOT_FOUND, ERR_USER_BLOCKED, ERR_ENTITLEMENT_GRACE, ERR_ENTITLEMENT_BLOCKED,
 * ERR_DEVICE_LIMIT. */
bool device_create(const struct turn *turn, const struct device_new *in, struct device *device,
    struct err *err) MUST_CHECK;

/* ERR_DEVICE_NOT_FOUND, ERR_DEVICE_REVOKED. */
bool device_set_name(const struct turn *turn, const char *id, const struct device_patch *in,
    struct device *device, struct err *err) MUST_CHECK;

/* Revokes the device and all its connections; what is not there is as good as deleted. */
bool device_delete(const struct turn *turn, const char *id, struct err *err) MUST_CHECK;

#endif
