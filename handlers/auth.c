/*
 * The target of nginx's auth_request: who asks, and whether he may do what the location wants. No
 * public route. nginx lets a request pass only when the answer has our marker, TG-Auth: ok.
 */
#include "domain/admission.h"

#include <string.h>
#include <strings.h>

#include "domain/scopes.h"
#include "http/app.h"
#include "metrics/metrics.h"

/* "Bearer T" wins over X-API-Token. "" when there is none. */
static const char *
credential_of(const struct req *req)
{
    static const char scheme[] = "Bearer ";
    const char *text = req_header(req, "Authorization");

    if (strncasecmp(text, scheme, strlen(scheme)) == 0) {
        text += strlen(scheme);
        text += strspn(text, " ");
        if (*text != '\0')
            return text;
    }
    return req_header(req, "X-API-Token");
}

static bool
admit(struct req *req, const struct principal *principal, struct err *err)
{
    const char *need = req_header(req, "TG-Need");

    if (*need == '\0' || !scopes_cover(principal->scopes, need))
        return err_say(err, ERR_SCOPE, "Insufficient API token scope, required: %s", need);
    reply_header(req, "TG-Auth", "ok");
    reply_header(req, "TG-Token-Id", principal->id);
    reply_header(req, "TG-Token-Name", principal->name);
    reply_header(req, "TG-Scopes", principal->scopes);
    return reply_empty(req);
}

static const struct metric decisions = {"tracegate_auth_decisions_total",
    "Requests by what came of their credentials", METRIC_COUNTER, .labels = {"result"}};

/* What was decided about a credential, in a word. */
static const char *
result_of(const struct principal *principal, bool done, const struct err *err)
{
    if (done)
        return "ok";
    if (err->code == ERR_TOKEN)
        return principal->expired ? "expired" : "invalid";
    return err->code == ERR_SCOPE ? "scope" : "unavailable";
}

static bool
check(struct req *req, struct err *err)
{
    const char *text = credential_of(req);
    struct principal principal;

    if (*text == '\0') {
        metrics_add(req->turn.metrics, &decisions, 1, "missing");
        return err_set(err, ERR_TOKEN);
    }
    bool done = admission_find(&req->turn, req->state, text, &principal, err) &&
        admit(req, &principal, err);
    metrics_add(req->turn.metrics, &decisions, 1, result_of(&principal, done, err));
    return done;
}

static void *
start(const struct settings *settings, struct arena *arena)
{
    return admission_new(settings, arena);
}

static const struct route routes[] = {
    {"GET", "", "", check, 204, INTERNAL},
};

const struct app handler_app = {
    "auth", "/_auth", routes, COUNT(routes), .workers = 4, .program = PROGRAM_AUTH, .open = start};
