#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

const struct err_kind err_kinds[ERR_CODES] = {
    [ERR_NONE] = {CLASS_INTERNAL, "none", "No error"},

    [ERR_BAD_REQUEST] = {CLASS_REFUSED, "bad_request", "The request is malformed"},
    [ERR_NO_ROUTE] = {CLASS_NOT_FOUND, "not_found", "Not Found"},
    [ERR_METHOD] = {CLASS_METHOD, "method_not_allowed", "Method Not Allowed"},
    [ERR_TOKEN] = {CLASS_UNAUTHORIZED, "token", "Missing API token"},
    [ERR_SCOPE] = {CLASS_FORBIDDEN, "scope", "Insufficient API token scope"},
    [ERR_MEDIA_TYPE] = {CLASS_MEDIA_TYPE, "media_type", "The body must be application/json"},
    [ERR_TOO_LARGE] = {CLASS_TOO_LARGE, "too_large", "The body is larger than 1 MiB"},
    [ERR_INPUT] = {CLASS_INVALID, "input", "The input is not valid"},
    [ERR_IDEMPOTENCY_RUNNING] = {CLASS_CONFLICT, "idempotency_running",
        "A request with this Idempotency-Key is still running"},
    [ERR_IDEMPOTENCY_MISMATCH] = {CLASS_INVALID, "idempotency_mismatch",
        "This Idempotency-Key was used for another request"},
    [ERR_ACTOR_NOT_FOUND] = {CLASS_FORBIDDEN, "actor_not_found", "Actor not found"},
    [ERR_ACTOR_MISSING] = {CLASS_NOT_FOUND, "actor_not_found", "Actor not found"},
    [ERR_ACTOR_MISMATCH] = {CLASS_REFUSED, "actor_mismatch",
        "The actor of the header is not the actor of the body"},
    [ERR_LATE] = {CLASS_UNAVAILABLE, "late", "The answer took too long"},

    [ERR_USER_NOT_FOUND] = {CLASS_NOT_FOUND, "user_not_found", "User not found"},
    [ERR_USER_EXISTS] = {CLASS_CONFLICT, "user_exists", "User already exists"},
    [ERR_DEVICE_NOT_FOUND] = {CLASS_NOT_FOUND, "device_not_found", "Device not found"},
    [ERR_CONNECTION_NOT_FOUND] = {CLASS_NOT_FOUND, "connection_not_found", "Connection not found"},
    [ERR_REVISION_NOT_FOUND] = {CLASS_NOT_FOUND, "revision_not_found", "Revision not found"},
    [ERR_NODE_NOT_FOUND] = {CLASS_NOT_FOUND, "node_not_found", "Node not found"},
    [ERR_TOKEN_NOT_FOUND] = {CLASS_NOT_FOUND, "token_not_found", "Token not found"},
    [ERR_TOKEN_NAME_EXISTS] = {CLASS_CONFLICT, "token_name_exists", "Token name already exists"},
    [ERR_EVENT_NOT_FOUND] = {CLASS_NOT_FOUND, "event_not_found", "Event not found"},
    [ERR_DEAD_NOT_FOUND] = {CLASS_NOT_FOUND, "dead_not_found", "Dead letter not found"},

    [ERR_USER_BLOCKED] = {CLASS_FORBIDDEN, "user_blocked", "User is blocked"},
    [ERR_ENTITLEMENT_GRACE] = {CLASS_FORBIDDEN, "entitlement_grace",
        "Grace period allows existing configs only; issuing new revisions is blocked"},
    [ERR_ENTITLEMENT_BLOCKED] = {CLASS_FORBIDDEN, "entitlement_blocked",
        "User entitlement is blocked"},
    [ERR_RANK] = {CLASS_FORBIDDEN, "rank", "The actor's role does not reach this user"},
    [ERR_LAST_SUPERADMIN] = {CLASS_REFUSED, "last_superadmin",
        "The last superadmin must remain one"},
    [ERR_SUPERADMIN_IMMUNE] = {CLASS_REFUSED, "superadmin_immune", "Cannot block superadmin"},
    [ERR_DEVICE_LIMIT] = {CLASS_REFUSED, "device_limit", "Device limit reached"},
    [ERR_DEVICE_REVOKED] = {CLASS_CONFLICT, "device_revoked", "Device is revoked"},
    [ERR_DEVICE_NOT_OF_USER] = {CLASS_REFUSED, "device_not_of_user",
        "Device does not belong to user"},
    [ERR_WG_EXISTS] = {CLASS_CONFLICT, "wg_exists",
        "WireGuard connection already exists for this device"},
    [ERR_COMBINATION] = {CLASS_REFUSED, "combination",
        "Unsupported protocol/mode/variant combination"},
    [ERR_OVERRIDES] = {CLASS_REFUSED, "overrides", "These overrides are not allowed"},
    [ERR_PATCH_IMMUTABLE] = {CLASS_REFUSED, "patch_immutable",
        "Protocol, mode, variant and status cannot be patched"},
    [ERR_CONNECTION_REVOKED] = {CLASS_CONFLICT, "connection_revoked", "Connection is revoked"},
    [ERR_REVISION_GONE] = {CLASS_GONE, "revision_gone", "The revision's credential is gone"},
    [ERR_EXPORT_FORMAT] = {CLASS_NOT_ACCEPTABLE, "export_format", "The protocol has no such form"},
    [ERR_EXPORT_CONFIG] = {CLASS_CONFLICT, "export_config", "The configuration cannot be exported"},
    [ERR_NO_ENDPOINT] = {CLASS_CONFLICT, "no_endpoint", "No usable endpoint for VPS_T"},
    [ERR_REALITY_KEYS] = {CLASS_CONFLICT, "reality_keys", "REALITY keys are not configured"},
    [ERR_WIREGUARD_KEY] = {CLASS_CONFLICT, "wireguard_key",
        "WireGuard server key is not configured"},
    [ERR_IPAM_EXHAUSTED] = {CLASS_CONFLICT, "ipam_exhausted", "IPAM pool exhausted"},
    [ERR_SNI_NONE] = {CLASS_REFUSED, "sni_none", "No enabled SNI domains available"},
    [ERR_SNI_UNAVAILABLE] = {CLASS_REFUSED, "sni_unavailable", "Requested SNI is unavailable"},
    [ERR_SNI_POLICY] = {CLASS_REFUSED, "sni_policy",
        "Selected SNI is blocked by REALITY SNI policy (reality_sni_allow_suffixes)."},
    [ERR_NODE_ROLE] = {CLASS_CONFLICT, "node_role", "The node is registered with another role"},
    [ERR_NODE_ACTIVE] = {CLASS_CONFLICT, "node_active", "An active node cannot be deleted"},
    [ERR_DEAD_RESOLVED] = {CLASS_CONFLICT, "dead_resolved", "The dead letter is resolved already"},
    [ERR_BUNDLE] = {CLASS_CONFLICT, "bundle", "The bundle cannot be used"},
    [ERR_BUNDLE_SIZE] = {CLASS_INVALID, "bundle_size", "The bundle is larger than 4 MiB"},
    [ERR_SCOPE_NOT_HELD] = {CLASS_FORBIDDEN, "scope_not_held",
        "A token can only issue scopes that it holds itself"},
    [ERR_FILTER_REQUIRED] = {CLASS_REFUSED, "filter_required", "At least one filter is required"},

    [ERR_PEER_AWAY] = {CLASS_UNAVAILABLE, "peer_away", "The peer does not answer"},
    [ERR_PEER_REFUSED] = {CLASS_REFUSED, "peer_refused", "The peer refused"},
    [ERR_FENCED] = {CLASS_CONFLICT, "fenced", "A newer lease was seen"},
    [ERR_GAP] = {CLASS_CONFLICT, "gap", "The batch does not begin where the state ends"},
    [ERR_NEED_SNAPSHOT] = {CLASS_CONFLICT, "need_snapshot", "Only a snapshot can be taken"},
    [ERR_EPOCH] = {CLASS_CONFLICT, "epoch", "The epoch is new here: only a snapshot can be taken"},
    [ERR_BATCH] = {CLASS_INVALID, "batch", "The batch is malformed"},
    [ERR_AGENT_BUSY] = {CLASS_UNAVAILABLE, "busy", "The agent is busy"},
    [ERR_STATE_FULL] = {CLASS_FULL, "disk", "The disk has no room, nothing was written"},
    [ERR_STATE_BROKEN] = {CLASS_INTERNAL, "state", "The state cannot be used"},

    [ERR_CONFLICT] = {CLASS_CONFLICT, "conflict", "In conflict with what is there"},
    [ERR_RETRY] = {CLASS_RETRY, "retry", "Another change came between, try again"},
    [ERR_DATABASE_SLOW] = {CLASS_UNAVAILABLE, "database_slow", "The database took too long"},
    [ERR_DATABASE_AWAY] = {CLASS_UNAVAILABLE, "database_away", "The database is away"},
    [ERR_SETTINGS] = {CLASS_INTERNAL, "settings", "The settings are not valid"},
    [ERR_MIGRATION] = {CLASS_INTERNAL, "migration", "The database is not at this release yet"},
    [ERR_INSTALLATION] = {CLASS_INTERNAL, "installation",
        "An existing installation of an earlier program was found; nothing was changed"},
    [ERR_FILE] = {CLASS_INTERNAL, "file", "A file cannot be read or written"},
    [ERR_PROCESS] = {CLASS_INTERNAL, "process", "A program cannot be run"},
    [ERR_INTERNAL] = {CLASS_INTERNAL, "internal", "Internal error"},
};

static void fill(struct err *err, enum err_code code, const char *fmt, va_list ap) PRINTF(3, 0);

static void
fill(struct err *err, enum err_code code, const char *fmt, va_list ap)
{
    err->code = code;
    err->member = err->fault = NULL;
    vsnprintf(err->detail, sizeof(err->detail), fmt, ap);
}

void
err_fill(struct err *err, enum err_code code)
{
    err_fill_text(err, code, "%s", err_kinds[code].sentence);
}

void
err_fill_text(struct err *err, enum err_code code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, code, fmt, ap);
    va_end(ap);
}

void
err_fill_fault(struct err *err, const char *member, const char *fault, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, ERR_INPUT, fmt, ap);
    va_end(ap);
    err->member = member;
    err->fault = fault;
}
