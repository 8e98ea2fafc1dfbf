/*
 * Who shall be in Xray, and who is.
 *
 * A wish (aggregate) carries up to three credentials. Credentials may be shared, so Xray gets one
 * user per inbound and distinct id, named after the marker of the lowest (slot, aggregate) that
 * carries it; the user is wished as long as anybody carries it. `held` is what Xray itself last
 * answered about that id.
 */
#ifndef TG_AGENT_XRAY_INDEX_H
#define TG_AGENT_XRAY_INDEX_H

#include <sys/queue.h>

#include "agent/xray_wish.h"
#include "base/arena.h"

enum {
    INDEX_BUCKETS = 8192
};

struct machine; /* what is at work on a credential (xray_machine.h) */

struct carrier {
    LIST_ENTRY(carrier) by_marker;
    struct carrier *of_credential, *of_aggregate; /* the next ones; of a credential lowest first */
    struct aggregate *aggregate;
    struct credential *credential;
    int slot;
    struct xray_user user;
};

struct credential {
    LIST_ENTRY(credential) by_id;
    uint8_t tag; /* enum xray_tag */
    uint8_t id[16];
    bool clash;    /* Xray has the id under a foreign e-mail as well */
    bool busy;     /* changed since the comparison began, which therefore knows less of it */
    bool listed;   /* the comparison has met it */
    bool unproven; /* `held` is what was added last: Xray was not asked since */
    struct xray_user held;
    struct carrier *carriers; /* NULL: not wished */
    struct machine *machine;
};

struct aggregate {
    LIST_ENTRY(aggregate) by_key;
    char *key;
    size_t key_room;      /* kept with the key's memory when the aggregate is used again */
    bool refused;         /* what is wished cannot be had */
    int64_t ver, settled; /* settled: the version that the core knows to be right */
    uint64_t hash;        /* of the payload that the carriers were made of */
    uint64_t seen;        /* the comparison that has met it last */
    bool waits;           /* something else is wished by now, which will be handed out */
    unsigned errands;     /* at work for it */
    usec_t guard_until;   /* sessions of it are being cut until then */
    struct carrier *carriers;
};

LIST_HEAD(aggregates, aggregate);
LIST_HEAD(credentials, credential);
LIST_HEAD(carriers, carrier);

struct xray_index {
    struct arena arena;
    struct aggregates aggregates[INDEX_BUCKETS], free_aggregates;
    struct credentials credentials[INDEX_BUCKETS], free_credentials;
    size_t credential_count;
    struct carriers markers[INDEX_BUCKETS], free_carriers;
    uint64_t changes; /* of what is wished */
};

/* What a wish has touched: the credentials that it carries, and those it carried before. */
struct touched {
    struct credential *list[2 * CLAIMS_MAX];
    size_t count;
};

void index_free(struct xray_index *index); /* a zeroed one is empty */

/* Take a wish in. With the same payload as before, or the same claims, it only touches. */
struct aggregate *index_put(struct xray_index *index, const struct wish *wish,
    const struct xray_claims *claims, struct touched *touched);

/* Whether it carries just these. */
bool index_carries(const struct aggregate *aggregate, const struct xray_claims *claims);

/* Its own hash of a payload: 0 for none. */
uint64_t index_hash(const struct wish *wish);

struct aggregate *index_aggregate(struct xray_index *index, const char *key); /* or NULL */

/* With all bytes of its UUID. NULL when it is not known. */
struct credential *
index_credential(struct xray_index *index, enum xray_tag tag, const uint8_t uuid[16]);

/* Whether anything of this marker is wished. */
bool index_has_marker(const struct xray_index *index, const char *marker);

/* Whether a user of this very name is wished in this inbound. */
bool index_wants(const struct xray_index *index, enum xray_tag tag, const char *email);

/* The user that Xray shall have; NULL: none. */
const struct xray_user *credential_wanted(const struct credential *credential);
bool credential_right(const struct credential *credential);

/* Forget an aggregate with its carriers; a credential that nobody carries nor holds. */
void index_drop_aggregate(struct xray_index *index, struct aggregate *aggregate);
void index_drop_credential(struct xray_index *index, struct credential *credential);

#endif
