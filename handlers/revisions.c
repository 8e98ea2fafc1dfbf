/*
 * /revisions: the configurations of a connection, each with a credential of its own.
 */
#include "domain/revisions.h"

#include "export/export.h"
#include "http/app.h"
#include "http/file.h"

static bool
list_revisions(struct req *req, struct err *err)
{
    const struct revisions_query *in = req->in_query;
    struct list revisions;

    return revisions_of_connection(&req->turn, req->args[0].text, in, &revisions, err) &&
        reply_list(req, &revisions, in->limit, revision_cursor);
}

static bool
issue_revision(struct req *req, struct err *err)
{
    struct revision revision;

    return revision_issue(&req->turn, req->args[0].text, req->in, &revision, err) &&
        reply(req, &revision);
}

/* As it is now: a revoked one shows no secret. */
static bool
answer_again(struct req *req, struct err *err)
{
    struct revision revision;

    return revision_read(&req->turn, req_kept_id(req, NULL), &revision, err) &&
        reply(req, &revision);
}

static bool
get_revision(struct req *req, struct err *err)
{
    struct revision revision;

    return revision_read(&req->turn, req->args[0].text, &revision, err) && reply(req, &revision);
}

static bool
activate_revision(struct req *req, struct err *err)
{
    struct revision revision;

    return revision_activate(&req->turn, req->args[0].text, &revision, err) &&
        reply(req, &revision);
}

static bool
revoke_revision(struct req *req, struct err *err)
{
    struct revision revision;

    return revision_revoke(&req->turn, req->args[0].text, &revision, err) && reply(req, &revision);
}

static bool
export_one(struct req *req, struct err *err)
{
    const struct export_query *in = req->in_query;
    struct export_file file;

    return export_revision(&req->turn, req->args[0].text, in->format, &file, err) &&
        reply_file(req, &file);
}

static const struct route routes[] = {
    {"GET", "/by-connection/{connection_id:uuid}", "revisions:read", list_revisions, 200,
        LIST | SECRET, .query = &revisions_query_schema, .answer = &revision_schema,
        .errors = ERRS(ERR_CONNECTION_NOT_FOUND)},
    {"POST", "/by-connection/{connection_id:uuid}", "revisions:write", issue_revision, 201,
        WRITES | SECRET, .body = &issue_new_schema, .answer = &revision_schema,
        .again = answer_again,
        .errors = ERRS(ERR_CONNECTION_NOT_FOUND, ERR_SNI_NONE, ERR_SNI_UNAVAILABLE, ERR_SNI_POLICY,
            ERR_USER_BLOCKED, ERR_ENTITLEMENT_GRACE, ERR_ENTITLEMENT_BLOCKED,
            ERR_CONNECTION_REVOKED, ERR_NO_ENDPOINT, ERR_REALITY_KEYS, ERR_WIREGUARD_KEY,
            ERR_IPAM_EXHAUSTED)},
    {"GET", "/{id:uuid}", "revisions:read", get_revision, 200, SECRET, .answer = &revision_schema,
        .errors = ERRS(ERR_REVISION_NOT_FOUND)},
    {"POST", "/{id:uuid}/activate", "revisions:write", activate_revision, 200, WRITES | SECRET,
        .answer = &revision_schema, .again = answer_again,
        .errors = ERRS(
            ERR_REVISION_NOT_FOUND, ERR_USER_BLOCKED, ERR_CONNECTION_REVOKED, ERR_REVISION_GONE)},
    {"POST", "/{id:uuid}/revoke", "revisions:write", revoke_revision, 200, WRITES | SECRET,
        .answer = &revision_schema, .again = answer_again, .errors = ERRS(ERR_REVISION_NOT_FOUND)},
    {"GET", "/{id:uuid}/export", "revisions:read", export_one, 200, SECRET,
        .query = &export_query_schema, .media = EXPORT_MEDIA,
        .errors =
            ERRS(ERR_REVISION_NOT_FOUND, ERR_REVISION_GONE, ERR_EXPORT_FORMAT, ERR_EXPORT_CONFIG)},
};

const struct app handler_app = {
    "revisions", "/revisions", routes, COUNT(routes), .workers = 4, .issues = true};
