#include "domain/offers.h"

#include "domain/issue.h"
#include "domain/reach.h"
#include "store/ipam.h"

enum {
    OFFERS_MAX = 16
};

static const struct field fields[] = {
    F_ENUM(struct offer, protocol, F_REQUIRED, connection_protocol_names),
    F_ENUM(struct offer, mode, F_REQUIRED, connection_mode_names),
    F_ENUM(struct offer, variant, F_REQUIRED, connection_variant_names),
    F_BOOL(struct offer, available, F_REQUIRED),
    F_TEXT(struct offer, code, F_REQUIRED | F_NULLABLE, 1, 64),
    F_BOOL(struct offer, recommended, F_REQUIRED),
};

const struct schema offer_schema = SCHEMA(struct offer, fields);

static bool
check_device(const struct holding *holding, struct err *err)
{
    return holding->device_status == STATUS_ACTIVE || err_set(err, ERR_DEVICE_REVOKED);
}

static bool
check_tunnel(const struct holding *holding, const struct tunnel *tunnel, struct err *err)
{
    return holding->protocol != PROTOCOL_WIREGUARD || !tunnel->connected ||
        err_set(err, ERR_WG_EXISTS);
}

static bool
check_address(const struct holding *holding, const struct tunnel *tunnel, struct err *err)
{
    return holding->protocol != PROTOCOL_WIREGUARD || tunnel->left ||
        err_set(err, ERR_IPAM_EXHAUSTED);
}

/* The checks of an issuing, in their order. */
static struct offer
offer_of(const struct turn *turn, const struct holding *holding, const struct tunnel *tunnel)
{
    static const struct issue_new in = {0};
    struct draft draft = {.holding = holding, .in = &in};
    struct offer offer = {holding->protocol, holding->mode, holding->variant};
    struct err err;

    offer.available = issue_check(turn, &draft, &err) && issue_permit(turn, &draft, &err) &&
        check_device(holding, &err) && check_tunnel(holding, tunnel, &err) &&
        issue_ready(turn, &draft, &err) && check_address(holding, tunnel, &err);
    if (!offer.available)
        offer.code = err_kinds[err.code].code;
    return offer;
}

static struct list
offer_all(const struct turn *turn, struct holding *holding, const struct tunnel *tunnel)
{
    struct offer *offers = arena_alloc(turn->arena, OFFERS_MAX * sizeof(*offers));
    bool recommended = false;
    size_t count = 0;

    holding->custom_overrides_json = "{}";
    for (; count < OFFERS_MAX && issue_combination(count, holding); count++) {
        offers[count] = offer_of(turn, holding, tunnel);
        offers[count].recommended = offers[count].available && !recommended;
        recommended = recommended || offers[count].recommended;
    }
    return (struct list){offers, count};
}

bool
offers_of_device(
    const struct turn *turn, const char *device_id, struct list *offers, struct err *err)
{
    struct holding holding;
    struct tunnel tunnel;

    if (!device_look(turn->db, device_id, &holding, err) ||
        !reach_owner(turn, holding.user_id, holding.user_role, ERR_DEVICE_NOT_FOUND, err) ||
        !tunnel_look(turn->db, device_id, &tunnel, err))
        return false;
    *offers = offer_all(turn, &holding, &tunnel);
    return true;
}
