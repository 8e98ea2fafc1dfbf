/*
 * /dispatch: what nodes are told, and how far they are.
 */
#include "store/dispatch.h"
#include "domain/bundles.h"
#include "http/app.h"

enum {
    REQUEST_MAX_MS = 10000 /* views over the whole log may take longer than a user waits */
};

static bool
list_nodes(struct req *req, struct err *err)
{
    struct list statuses;

    return node_statuses(req->turn.db, &statuses, err) &&
        reply_list(req, &statuses, (int64_t)statuses.count, NULL);
}

static bool
reapply_base(struct req *req, struct err *err)
{
    struct list events;

    return bundles_reapply(&req->turn, req->in, &events, err) &&
        reply_list(req, &events, (int64_t)events.count, NULL);
}

static const struct route routes[] = {
    {"GET", "/nodes", "dispatch:read", list_nodes, 200, LIST, .answer = &node_status_schema},
    {"POST", "/reapply-base", "dispatch:write", reapply_base, 200, LIST | WRITES,
        .body = &reapply_schema, .answer = &event_schema,
        .errors = ERRS(ERR_BUNDLE, ERR_BUNDLE_SIZE)},
};

const struct app handler_app = {
    "dispatch", "/dispatch", routes, COUNT(routes), .request_ms = REQUEST_MAX_MS};
