#include "domain/issue.h"

#include <string.h>
#include <strings.h>

#include "base/uuid.h"
#include "domain/hysteria.h"
#include "domain/reality.h"
#include "domain/scopes.h"
#include "domain/wireguard.h"
#include "domain/ws.h"

struct issuer {
    int protocol, mode, variant;
    const char *profile;
    const struct schema *overrides;
    choose_fn *choose; /* NULL: there is nothing to choose */
    ready_fn *ready;
    write_fn *write;
};

/* clang-format off */
/* In the order in which they are recommended. */
static const struct issuer issuers[] = {
    {PROTOCOL_VLESS_REALITY, MODE_DIRECT, VARIANT_B1, "B1-stealth-direct", &reality_overrides_schema, reality_choose, reality_ready, reality_write},
    {PROTOCOL_VLESS_REALITY, MODE_CHAIN, VARIANT_B2, "B2-stealth-chain", &reality_overrides_schema, reality_choose, reality_ready, reality_write},
    {PROTOCOL_VLESS_WS_TLS, MODE_DIRECT, VARIANT_B1, "B1-https-ws-direct", &ws_overrides_schema, NULL, ws_ready, ws_write},
    {PROTOCOL_VLESS_WS_TLS, MODE_CHAIN, VARIANT_B2, "B2-https-ws-chain", &ws_overrides_schema, NULL, ws_ready, ws_write},
    {PROTOCOL_HYSTERIA2, MODE_DIRECT, VARIANT_B3, "B3-h3-mimic-direct", &hysteria_overrides_schema, NULL, hysteria_ready, hysteria_write},
    {PROTOCOL_WIREGUARD, MODE_DIRECT, VARIANT_B5, "B5-gaming-direct", &wireguard_overrides_schema, NULL, wireguard_ready, wireguard_write},
};
/* clang-format on */

static bool
find_issuer(const struct holding *holding, const struct issuer **issuer, struct err *err)
{
    for (size_t i = 0; i < COUNT(issuers); i++) {
        if (issuers[i].protocol == holding->protocol && issuers[i].mode == holding->mode &&
            issuers[i].variant == holding->variant) {
            *issuer = &issuers[i];
            return true;
        }
    }
    return err_set(err, ERR_COMBINATION);
}

bool
issue_combination(size_t i, struct holding *holding)
{
    if (i >= COUNT(issuers))
        return false;
    holding->protocol = issuers[i].protocol;
    holding->mode = issuers[i].mode;
    holding->variant = issuers[i].variant;
    return true;
}

bool
issue_overrides(
    const struct turn *turn, const struct holding *holding, const char *overrides, struct err *err)
{
    const struct issuer *issuer;
    const void *record;

    return find_issuer(holding, &issuer, err) &&
        overrides_read(issuer->overrides, overrides, turn->arena, &record, err);
}

bool
issue_check(const struct turn *turn, struct draft *draft, struct err *err)
{
    const struct holding *holding = draft->holding;

    if (!find_issuer(holding, &draft->issuer, err) ||
        !overrides_read(draft->issuer->overrides, holding->custom_overrides_json, turn->arena,
            &draft->overrides, err))
        return false;
    draft->profile = draft->issuer->profile;
    return draft->in == NULL || draft->issuer->choose == NULL ||
        draft->issuer->choose(turn, draft, err);
}

/* -- who may ------------------------------------------------------------------------------- */

/* Whoever forces is told first that he may not, before he learns about the user. */
static bool
check_force(const struct turn *turn, struct err *err)
{
    static const char scope[] = "users:force";

    return scopes_cover(turn->actor.scopes, scope) ||
        err_say(err, ERR_SCOPE, "Insufficient API token scope, required: %s", scope);
}

bool
issue_permit(const struct turn *turn, const struct draft *draft, struct err *err)
{
    static const enum err_code refusals[] = {
        [STANDING_ACTIVE] = ERR_NONE,
        [STANDING_GRACE] = ERR_ENTITLEMENT_GRACE,
        [STANDING_BLOCKED] = ERR_ENTITLEMENT_BLOCKED,
    };
    bool forced = draft->in != NULL && draft->in->force;
    enum err_code refusal = refusals[draft->holding->entitlement_status];

    if (forced && !check_force(turn, err))
        return false;
    if (draft->holding->user_blocked)
        return err_set(err, ERR_USER_BLOCKED);
    return forced || refusal == ERR_NONE || err_set(err, refusal);
}

/* -- what it is made from ------------------------------------------------------------------ */

/* example.com and all below it. */
static bool
is_placeholder(const char *host)
{
    static const char name[] = "example.com";
    size_t length = strlen(host), tail = sizeof(name) - 1;

    return length >= tail && strcasecmp(host + length - tail, name) == 0 &&
        (length == tail || host[length - tail - 1] == '.');
}

bool
issue_host(const struct turn *turn, const struct holding *holding, int role, const char **host,
    struct err *err)
{
    const struct {
        const char *node, *fallback;
    } hosts[] = {
        [NODE_VPS_T] = {holding->host_vps_t, turn->settings->default_vps_t_host},
        [NODE_VPS_E] = {holding->host_vps_e, turn->settings->default_vps_e_host},
    };

    *host = hosts[role].node != NULL ? hosts[role].node : hosts[role].fallback;
    if (**host == '\0' || is_placeholder(*host))
        return err_say(err, ERR_NO_ENDPOINT, "No usable endpoint for %s", node_role_names[role]);
    return true;
}

bool
issue_ready(const struct turn *turn, const struct draft *draft, struct err *err)
{
    return draft->issuer->ready(turn, draft, err);
}

bool
issue_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err)
{
    char *id = arena_alloc(turn->arena, UUID_SIZE);

    uuid_make(id);
    revision->id = id;
    revision->connection_id = draft->holding->connection_id;
    return draft->issuer->write(turn, draft, revision, err);
}
