/*
 * /dispatch: what nodes are told, and how far they are.
 */
#include "domain/bundles.h"
#include "domain/events.h"
#include "domain/letters.h"
#include "domain/orders.h"
#include "domain/reissue.h"
#include "http/app.h"
#include "store/users.h"

/* -- the log ------------------------------------------------------------------------------- */

static bool
list_events(struct req *req, struct err *err)
{
    const struct events_query *in = req->in_query;
    struct list events;

    return events_list(req->turn.db, in, &events, err) &&
        reply_list(req, &events, in->limit, event_cursor);
}

static bool
get_event(struct req *req, struct err *err)
{
    struct event_shown shown;

    return event_show(&req->turn, req->args[0].number, req->in_query, &shown, err) &&
        reply(req, &shown);
}

static bool
list_deliveries(struct req *req, struct err *err)
{
    const struct sendings_query *in = req->in_query;
    struct list rows;

    return sendings_show(&req->turn, in, &rows, err) &&
        reply_list(req, &rows, in->limit, sending_cursor);
}

/* -- nodes --------------------------------------------------------------------------------- */

static bool
list_nodes(struct req *req, struct err *err)
{
    struct list statuses;

    return node_statuses(req->turn.db, &statuses, err) &&
        reply_list(req, &statuses, (int64_t)statuses.count, NULL);
}

static bool
give_order(struct req *req, enum node_order order, struct err *err)
{
    struct node_status status;

    return node_order(&req->turn, req->args[0].text, order, &status, err) && reply(req, &status);
}

static bool
resync_node(struct req *req, struct err *err)
{
    return give_order(req, NODE_RESYNC, err);
}

static bool
pause_node(struct req *req, struct err *err)
{
    return give_order(req, NODE_PAUSE, err);
}

static bool
resume_node(struct req *req, struct err *err)
{
    return give_order(req, NODE_RESUME, err);
}

/* -- dead letters -------------------------------------------------------------------------- */

static bool
list_dead(struct req *req, struct err *err)
{
    const struct letters_query *in = req->in_query;
    struct list letters;

    return letters_list(req->turn.db, in, &letters, err) &&
        reply_list(req, &letters, in->limit, letter_cursor);
}

static bool
discard_dead(struct req *req, struct err *err)
{
    struct letter letter;

    return letter_give_up(&req->turn, req->args[0].number, req->in, &letter, err) &&
        reply(req, &letter);
}

/* -- changes for all ----------------------------------------------------------------------- */

static bool
reapply_base(struct req *req, struct err *err)
{
    struct list events;

    return bundles_reapply(&req->turn, req->in, &events, err) &&
        reply_list(req, &events, (int64_t)events.count, NULL);
}

static bool
reissue_revisions(struct req *req, struct err *err)
{
    struct reissued reissued;

    return reissue_current(&req->turn, req->in, &reissued, err) && reply(req, &reissued);
}

static const struct route routes[] = {
    {"GET", "/events", "dispatch:read", list_events, 200, LIST, .query = &events_query_schema,
        .answer = &event_schema},
    {"GET", "/events/{id:int}", "dispatch:read", get_event, 200, .query = &event_query_schema,
        .answer = &event_shown_schema, .errors = ERRS(ERR_EVENT_NOT_FOUND)},
    {"GET", "/deliveries", "dispatch:read", list_deliveries, 200, LIST,
        .query = &sendings_query_schema, .answer = &sending_schema},
    {"GET", "/nodes", "dispatch:read", list_nodes, 200, LIST, .answer = &node_status_schema},
    {"POST", "/nodes/{id:uuid}/resync", "dispatch:write", resync_node, 202, WRITES,
        .answer = &node_status_schema, .errors = ERRS(ERR_NODE_NOT_FOUND)},
    {"POST", "/nodes/{id:uuid}/pause", "dispatch:write", pause_node, 202, WRITES,
        .answer = &node_status_schema, .errors = ERRS(ERR_NODE_NOT_FOUND)},
    {"POST", "/nodes/{id:uuid}/resume", "dispatch:write", resume_node, 202, WRITES,
        .answer = &node_status_schema, .errors = ERRS(ERR_NODE_NOT_FOUND)},
    {"GET", "/dead", "dispatch:read", list_dead, 200, LIST, .query = &letters_query_schema,
        .answer = &letter_schema},
    {"POST", "/dead/{id:int}/discard", "dispatch:write", discard_dead, 200, WRITES,
        .body = &discard_schema, .answer = &letter_schema,
        .errors = ERRS(ERR_DEAD_NOT_FOUND, ERR_DEAD_RESOLVED)},
    {"POST", "/reapply-base", "dispatch:write", reapply_base, 200, LIST | WRITES,
        .body = &reapply_schema, .answer = &event_schema,
        .errors = ERRS(ERR_BUNDLE, ERR_BUNDLE_SIZE)},
    {"POST", "/reissue-current-revisions", "dispatch:write", reissue_revisions, 202, WRITES,
        .body = &reissue_schema, .answer = &reissued_schema,
        .errors = ERRS(ERR_USER_NOT_FOUND, ERR_NODE_NOT_FOUND, ERR_NO_ENDPOINT, ERR_REALITY_KEYS)},
};

const struct app handler_app = {"dispatch", "/dispatch", routes, COUNT(routes),
    .request_ms = REQUEST_LONG_MS, .rank = ROLE_ADMIN};
