#include "domain/client.h"

#include "base/uuid.h"

/* -- records ------------------------------------------------------------------------------- */

static const struct field proxy_fields[] = {
    F_BOOL(struct local_proxy, enabled, F_REQUIRED),
    F_TEXT(struct local_proxy, listen, F_REQUIRED, 1, 64),
};

static const struct field options_fields[] = {
    F_INT(struct client_options, connect_timeout_ms, F_REQUIRED, 1, INT64_MAX),
    F_INT(struct client_options, dial_timeout_ms, F_REQUIRED, 1, INT64_MAX),
    F_BOOL(struct client_options, tcp_fast_open, F_REQUIRED),
};

static const struct field chain_fields[] = {
    F_TEXT(struct chain, type, F_REQUIRED, 1, 32),
    F_TEXT(struct chain, upstream, F_REQUIRED, 1, 255),
    F_INT(struct chain, port, F_REQUIRED, 1, 65535),
};

const struct schema local_proxy_schema = SCHEMA(struct local_proxy, proxy_fields);
const struct schema client_options_schema = SCHEMA(struct client_options, options_fields);
const struct schema chain_schema = SCHEMA(struct chain, chain_fields);

/* -- where it connects to ------------------------------------------------------------------ */

static bool
find_chain(const struct turn *turn, const struct holding *holding, int64_t port,
    struct endpoint *endpoint, struct err *err)
{
    static const char *const types[] = {[ENTRY_TCP_FORWARD] = "tcpForward", [ENTRY_XRAY] = "xray"};
    struct chain *chain = arena_alloc(turn->arena, sizeof(*chain));

    chain->type = types[turn->settings->entry_mode];
    chain->port = port;
    endpoint->chain = chain;
    return issue_host(turn, holding, NODE_VPS_E, &endpoint->server, err) &&
        issue_host(turn, holding, NODE_VPS_T, &chain->upstream, err);
}

bool
client_endpoint(const struct turn *turn, const struct holding *holding, int64_t port,
    struct endpoint *endpoint, struct err *err)
{
    *endpoint = (struct endpoint){0};
    return holding->mode == MODE_CHAIN
        ? find_chain(turn, holding, port, endpoint, err)
        : issue_host(turn, holding, NODE_VPS_T, &endpoint->server, err);
}

bool
client_ends_at_entry(const struct turn *turn, const struct holding *holding)
{
    return holding->mode == MODE_CHAIN && turn->settings->entry_mode == ENTRY_XRAY;
}

/* -- what it is known by ------------------------------------------------------------------- */

const char *
client_uuid(const struct turn *turn, struct revision_new *revision)
{
    char *uuid = arena_alloc(turn->arena, UUID_SIZE), *key = arena_alloc(turn->arena, UUID_SIZE);

    uuid_make(uuid);
    uuid_credential_key(uuid, key);
    revision->credential_key = key;
    return uuid;
}

/* -- what it listens on -------------------------------------------------------------------- */

struct local_proxy
client_socks(const struct turn *turn, const struct vless_overrides *overrides)
{
    return (struct local_proxy){
        true, arena_printf(turn->arena, "127.0.0.1:%d", (int)overrides->local_socks_port)};
}

struct client_options
client_options(const struct vless_overrides *overrides)
{
    return (struct client_options){
        overrides->connect_timeout_ms, overrides->dial_timeout_ms, overrides->tcp_fast_open};
}
