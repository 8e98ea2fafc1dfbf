/*
 * /connections: one way in for one device, with its first revision if it is asked for.
 */
#include "domain/connections.h"

#include "domain/delivery.h"
#include "domain/offers.h"
#include "domain/revisions.h"
#include "export/export.h"
#include "http/app.h"
#include "http/file.h"

static bool
list_connections(struct req *req, struct err *err)
{
    struct list connections;

    return connections_of_device(&req->turn, req->args[0].text, req->in_query, &connections, err) &&
        reply_list(req, &connections, INT64_MAX, NULL);
}

static bool
create_connection(struct req *req, struct err *err)
{
    struct connection connection;

    return connection_create(&req->turn, req->in, &connection, err) && reply(req, &connection);
}

static bool
create_connection_again(struct req *req, struct err *err)
{
    const char *revision_id = req_kept_id(req, "revision");
    struct revision revision;
    struct connection connection;

    if (!connection_read(&req->turn, req_kept_id(req, NULL), &connection, err) ||
        (revision_id != NULL && !revision_read(&req->turn, revision_id, &revision, err)))
        return false;
    connection.revision = revision_id == NULL ? NULL : &revision;
    return reply(req, &connection);
}

static bool
get_connection(struct req *req, struct err *err)
{
    struct connection connection;

    return connection_read(&req->turn, req->args[0].text, &connection, err) &&
        reply(req, &connection);
}

static bool
patch_connection(struct req *req, struct err *err)
{
    struct connection connection;

    return connection_patch(&req->turn, req->args[0].text, req->in, &connection, err) &&
        reply(req, &connection);
}

static bool
delete_connection(struct req *req, struct err *err)
{
    return connection_delete(&req->turn, req->args[0].text, err) && reply_empty(req);
}

static bool
export_slot_0(struct req *req, struct err *err)
{
    const struct export_query *in = req->in_query;
    struct export_file file;

    return export_connection(&req->turn, req->args[0].text, in->format, &file, err) &&
        reply_file(req, &file);
}

static bool
list_offers(struct req *req, struct err *err)
{
    struct list offers;

    return offers_of_device(&req->turn, req->args[0].text, &offers, err) &&
        reply_list(req, &offers, INT64_MAX, NULL);
}

static bool
get_delivery(struct req *req, struct err *err)
{
    struct delivery delivery;

    return delivery_of_connection(&req->turn, req->args[0].text, &delivery, err) &&
        reply(req, &delivery);
}

static bool
list_deliveries(struct req *req, struct err *err)
{
    struct list deliveries;

    return deliveries_of_device(&req->turn, req->args[0].text, &deliveries, err) &&
        reply_list(req, &deliveries, INT64_MAX, NULL);
}

static const struct route routes[] = {
    {"GET", "/by-device/{device_id:uuid}", "connections:read", list_connections, 200, LIST,
        .query = &connections_query_schema, .answer = &connection_schema,
        .errors = ERRS(ERR_DEVICE_NOT_FOUND)},
    {"GET", "/delivery/by-device/{device_id:uuid}", "connections:read", list_deliveries, 200, LIST,
        .answer = &delivery_schema, .errors = ERRS(ERR_DEVICE_NOT_FOUND)},
    {"GET", "/offers/{device_id:uuid}", "connections:read", list_offers, 200, LIST,
        .answer = &offer_schema, .errors = ERRS(ERR_DEVICE_NOT_FOUND)},
    {"POST", "", "connections:write", create_connection, 201, WRITES | SECRET,
        .body = &connection_new_schema, .answer = &connection_created_schema,
        .again = create_connection_again,
        .errors =
            ERRS(ERR_USER_NOT_FOUND, ERR_DEVICE_NOT_FOUND, ERR_DEVICE_NOT_OF_USER, ERR_COMBINATION,
                ERR_OVERRIDES, ERR_SNI_NONE, ERR_SNI_UNAVAILABLE, ERR_SNI_POLICY, ERR_USER_BLOCKED,
                ERR_ENTITLEMENT_GRACE, ERR_ENTITLEMENT_BLOCKED, ERR_DEVICE_REVOKED, ERR_WG_EXISTS,
                ERR_NO_ENDPOINT, ERR_REALITY_KEYS, ERR_WIREGUARD_KEY, ERR_IPAM_EXHAUSTED)},
    {"GET", "/{id:uuid}", "connections:read", get_connection, 200, .answer = &connection_schema,
        .errors = ERRS(ERR_CONNECTION_NOT_FOUND)},
    {"PATCH", "/{id:uuid}", "connections:write", patch_connection, 200, 0,
        .body = &connection_patch_schema, .answer = &connection_schema,
        .errors = ERRS(ERR_CONNECTION_NOT_FOUND, ERR_PATCH_IMMUTABLE, ERR_COMBINATION,
            ERR_OVERRIDES, ERR_CONNECTION_REVOKED)},
    {"DELETE", "/{id:uuid}", "connections:write", delete_connection, 204, WRITES,
        .errors = ERRS(ERR_CONNECTION_NOT_FOUND)},
    {"GET", "/{id:uuid}/export", "revisions:read", export_slot_0, 200, SECRET,
        .query = &export_query_schema, .media = EXPORT_MEDIA,
        .errors = ERRS(ERR_CONNECTION_NOT_FOUND, ERR_REVISION_NOT_FOUND, ERR_REVISION_GONE,
            ERR_EXPORT_FORMAT, ERR_EXPORT_CONFIG)},
    {"GET", "/{id:uuid}/delivery", "connections:read", get_delivery, 200,
        .answer = &delivery_schema, .errors = ERRS(ERR_CONNECTION_NOT_FOUND)},
};

const struct app handler_app = {
    "connections", "/connections", routes, COUNT(routes), .issues = true};
