#include "domain/issue.h"

#include <string.h>
#include <strings.h>

#include "base/uuid.h"
#include "domain/overrides.h"
#include "domain/reality.h"
#include "domain/scopes.h"

struct issuer {
    int protocol, mode, variant;
    const struct schema *overrides;
    choose_fn *choose;
    write_fn *write;
};

static const struct issuer issuers[] = {
    {PROTOCOL_VLESS_REALITY, MODE_DIRECT, VARIANT_B1, &reality_overrides_schema, reality_choose,
        reality_write},
    {PROTOCOL_VLESS_REALITY, MODE_CHAIN, VARIANT_B2, &reality_overrides_schema, reality_choose,
        reality_write},
};

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

    return find_issuer(holding, &draft->issuer, err) &&
        overrides_read(draft->issuer->overrides, holding->custom_overrides_json, turn->arena,
            &draft->overrides, err) &&
        (draft->in == NULL || draft->issuer->choose(turn, draft, err));
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
issue_endpoint(const struct turn *turn, const struct holding *holding, enum endpoint role,
    const char **host, struct err *err)
{
    const struct {
        const char *node, *fallback, *role;
    } endpoints[] = {
        [ENDPOINT_VPS_T] = {holding->host_vps_t, turn->settings->default_vps_t_host, "VPS_T"},
        [ENDPOINT_VPS_E] = {holding->host_vps_e, turn->settings->default_vps_e_host, "VPS_E"},
    };

    *host = endpoints[role].node != NULL ? endpoints[role].node : endpoints[role].fallback;
    if (**host == '\0' || is_placeholder(*host))
        return err_say(err, ERR_NO_ENDPOINT, "No usable endpoint for %s", endpoints[role].role);
    return true;
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
