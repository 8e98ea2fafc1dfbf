#include "agent/app.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#include "agent/gauges.h"
#include "agent/health.h"
#include "agent/part.h"
#include "agent/status.h"
#include "agent/wait.h"

/* -- the token ----------------------------------------------------------------------------- */

static const char *
token_of(const struct req *req)
{
    static const char scheme[] = "Bearer ";
    const char *token = req_header(req, "x-agent-token");
    const char *authorization = req_header(req, "Authorization");

    if (*token == '\0' && strncasecmp(authorization, scheme, strlen(scheme)) == 0)
        return authorization + strlen(scheme);
    return token;
}

/* By their sums, so that neither length nor content shows in the time. */
static bool
token_fits(const char *token, const char *wanted)
{
    char have[SUM_SIZE], want[SUM_SIZE];

    sha256_hex(token, strlen(token), have);
    sha256_hex(wanted, strlen(wanted), want);
    return CRYPTO_memcmp(have, want, SUM_SIZE) == 0;
}

static bool
admit(struct req *req, struct err *err)
{
    const struct agent *agent = req->state;
    const char *token = token_of(req);

    if (*token == '\0')
        return err_say(err, ERR_TOKEN, "Missing agent token");
    if (!token_fits(token, agent->settings->agent_auth_token))
        return err_say(err, ERR_TOKEN, "Invalid agent token");
    req->turn.actor.token_name = "agent";
    return true;
}

/* -- state and events ---------------------------------------------------------------------- */

struct state_query {
    uint64_t present;
    int64_t after, wait_ms;
};

enum {
    QUERY_AFTER,
    QUERY_WAIT_MS
};

static const struct field state_query_fields[] = {
    [QUERY_AFTER] = F_INT(struct state_query, after, F_OPTIONAL, 0, INT64_MAX),
    [QUERY_WAIT_MS] = F_INT(struct state_query, wait_ms, F_OPTIONAL, 0, 2000),
};
static const struct schema state_query_schema =
    SCHEMA_PATCH(struct state_query, state_query_fields, NULL);

static bool
get_state(struct req *req, struct err *err)
{
    const struct state_query *query = req->in_query;

    if (field_present(query->present, QUERY_AFTER))
        return wait_for_progress(req, query->after, query->wait_ms, err);
    return status_reply_state(req, err);
}

static bool
post_events(struct req *req, struct err *err)
{
    struct agent *agent = req->state;
    struct touched_list touched;

    if (!wait_room(agent, err))
        return false;
    if (!intake_events(agent, req->body, req->body_size, req->arena, &touched, err))
        return status_refuse(req, err);
    return wait_for_keys(req, &touched, err);
}

static bool
post_part(struct req *req, struct err *err)
{
    const struct part part = {.snapshot = req->args[0].text,
        .n = req->args[1].number,
        .sum = req_header(req, "x-sha256"),
        .body = req->body,
        .size = req->body_size};

    if (!intake_part(req->state, &part, err))
        return status_refuse(req, err);
    return reply_bytes(req, "application/json", "{}", 2);
}

static bool
post_commit(struct req *req, struct err *err)
{
    struct agent *agent = req->state;

    if (!wait_room(agent, err))
        return false;
    if (!intake_commit(agent, req->args[0].text, req->in, err))
        return status_refuse(req, err);
    return wait_for_snapshot(req, err);
}

/* -- health and metrics -------------------------------------------------------------------- */

static bool
get_health(struct req *req, struct err *err)
{
    struct err unused;

    if (*token_of(req) == '\0')
        return health_reply_short(req);
    return admit(req, &unused) ? health_reply_list(req) : admit(req, err);
}

static bool
get_live(struct req *req, struct err *err)
{
    (void)err;
    return reply_bytes(req, "application/json", "{\"ok\":true}", 11);
}

static const struct route routes[] = {
    {"GET", "/state", "agent", get_state, 200, .query = &state_query_schema},
    {"POST", "/events", "agent", post_events, 200,
        .errors = ERRS(ERR_FENCED, ERR_GAP, ERR_NEED_SNAPSHOT, ERR_EPOCH, ERR_BATCH, ERR_STATE_FULL,
            ERR_AGENT_BUSY)},
    {"POST", "/snapshots/{id}/parts/{n:int}", "agent", post_part, 200,
        .errors = ERRS(ERR_FENCED, ERR_BATCH, ERR_STATE_FULL)},
    {"POST", "/snapshots/{id}/commit", "agent", post_commit, 200, .body = &commit_schema,
        .errors = ERRS(ERR_FENCED, ERR_GAP, ERR_NEED_SNAPSHOT, ERR_STATE_FULL, ERR_AGENT_BUSY)},
    {"GET", "/health", "", get_health, 200},
    {"GET", "/live", "", get_live, 200},
};

const struct app agent_app = {
    "agent", "/v1", routes, COUNT(routes), .admit = admit, .body_max = EVENT_BYTES_MAX};

static const struct route metrics_routes[] = {{"GET", "", "agent", gauges_reply, 200}};

const struct app agent_metrics_app = {
    "agent_metrics", "/metrics", metrics_routes, COUNT(metrics_routes), .admit = admit};
