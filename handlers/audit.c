/*
 * /audit: who changed what.
 */
#include "http/app.h"
#include "store/audit_log.h"
#include "store/users.h"

static bool
list_audit(struct req *req, struct err *err)
{
    const struct audit_query *in = req->in_query;
    struct list entries;

    return audit_list(req->turn.db, in, &entries, err) &&
        reply_list(req, &entries, in->limit, audit_cursor);
}

static const struct route routes[] = {
    {"GET", "", "audit:read", list_audit, 200, LIST, .query = &audit_query_schema,
        .answer = &audit_entry_schema},
};

const struct app handler_app = {"audit", "/audit", routes, COUNT(routes), .rank = ROLE_ADMIN};
