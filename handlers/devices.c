/*
 * /devices: what users connect from.
 */
#include "domain/devices.h"
#include "http/app.h"

static bool
list_devices(struct req *req, struct err *err)
{
    struct list devices;

    return devices_of_user(&req->turn, req->args[0].number, req->in_query, &devices, err) &&
        reply_list(req, &devices, (int64_t)devices.count, NULL);
}

static bool
get_device(struct req *req, struct err *err)
{
    struct device device;

    return device_read(&req->turn, req->args[0].text, &device, err) && reply(req, &device);
}

static bool
create_device(struct req *req, struct err *err)
{
    struct device device;

    return device_create(&req->turn, req->in, &device, err) && reply(req, &device);
}

static bool
rename_device(struct req *req, struct err *err)
{
    struct device device;

    return device_set_name(&req->turn, req->args[0].text, req->in, &device, err) &&
        reply(req, &device);
}

static bool
delete_device(struct req *req, struct err *err)
{
    return device_delete(&req->turn, req->args[0].text, err) && reply_empty(req);
}

static const struct route routes[] = {
    {"GET", "/by-user/{user_id:int}", "devices:read", list_devices, 200, LIST,
        .query = &devices_query_schema, .answer = &device_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND)},
    {"GET", "/{id:uuid}", "devices:read", get_device, 200, .answer = &device_schema,
        .errors = ERRS(ERR_DEVICE_NOT_FOUND)},
    {"POST", "", "devices:write", create_device, 201, .body = &device_new_schema,
        .answer = &device_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_USER_BLOCKED, ERR_ENTITLEMENT_GRACE,
            ERR_ENTITLEMENT_BLOCKED, ERR_DEVICE_LIMIT)},
    {"PATCH", "/{id:uuid}", "devices:write", rename_device, 200, .body = &device_patch_schema,
        .answer = &device_schema, .errors = ERRS(ERR_DEVICE_NOT_FOUND, ERR_DEVICE_REVOKED)},
    {"DELETE", "/{id:uuid}", "devices:write", delete_device, 204, WRITES},
};

const struct app handler_app = {"devices", "/devices", routes, COUNT(routes)};
