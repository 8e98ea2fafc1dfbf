/*
 * Issuing: from what is asked for to a revision that can be written, in the order in which the
 * contract wants its errors: what is wrong with the request (400), who may not have it (403), what
 * is not there to make it from (409). Nothing here touches the database but for WireGuard's
 * address, which is taken last.
 *
 * A protocol is issued by a row of one table: which combination, what it may override, and its
 * steps. A combination without a row cannot be had.
 */
#ifndef TG_DOMAIN_ISSUE_H
#define TG_DOMAIN_ISSUE_H

#include "domain/turn.h"
#include "store/access.h"
#include "store/nodes.h"

/* An issuing on its way. */
struct draft {
    const struct holding *holding; /* with its connection members set */
    const struct issue_new *in;    /* NULL: a connection without a revision */
    const struct issuer *issuer;   /* from here on set by issue_check() */
    const char *profile;           /* its name for what clients get */
    const void *overrides;         /* a record of the issuer's schema */
    int64_t sni_id;
    const char *sni; /* the camouflage name, where the protocol has one */
};

/* Chooses what is free to choose, before anything is made. */
typedef bool choose_fn(const struct turn *turn, struct draft *draft, struct err *err);

/* Whether what it would be made from is there. */
typedef bool ready_fn(const struct turn *turn, const struct draft *draft, struct err *err);

/* Fills the revision's credential and configuration. */
typedef bool write_fn(const struct turn *turn, const struct draft *draft,
    struct revision_new *revision, struct err *err);

/* 400: ERR_COMBINATION, ERR_OVERRIDES, ERR_SNI_NONE, ERR_SNI_UNAVAILABLE, ERR_SNI_POLICY. */
bool issue_check(const struct turn *turn, struct draft *draft, struct err *err) MUST_CHECK;

/* 403: ERR_SCOPE when it is forced without users:force, ERR_USER_BLOCKED, and where it is not
 * forced ERR_ENTITLEMENT_GRACE, ERR_ENTITLEMENT_BLOCKED. */
bool issue_permit(const struct turn *turn, const struct draft *draft, struct err *err) MUST_CHECK;

/* 409: ERR_NO_ENDPOINT, ERR_REALITY_KEYS, ERR_WIREGUARD_KEY, ERR_IPAM_EXHAUSTED. The revision gets
 * an id and is in no table yet. */
bool issue_write(const struct turn *turn, const struct draft *draft, struct revision_new *revision,
    struct err *err) MUST_CHECK;

/* Whether issue_write() would find all that it needs, but for a free address. */
bool issue_ready(const struct turn *turn, const struct draft *draft, struct err *err) MUST_CHECK;

/* Makes the holding one of combination number `i`, from 0, the recommended ones first. False past
 * the last. */
bool issue_combination(size_t i, struct holding *holding);

/* Whether overrides are what the combination takes. ERR_COMBINATION, ERR_OVERRIDES. */
bool issue_overrides(const struct turn *turn, const struct holding *holding, const char *overrides,
    struct err *err) MUST_CHECK;

/* For issuers: where clients find the role, an enum node_role. ERR_NO_ENDPOINT. */
bool issue_host(const struct turn *turn, const struct holding *holding, int role, const char **host,
    struct err *err) MUST_CHECK;

#endif
