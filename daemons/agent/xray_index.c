#include "agent/xray_index.h"

#include <string.h>

void
index_free(struct xray_index *index)
{
    arena_reset(&index->arena);
}

/* -- finding --------------------------------------------------------------------------- */

static uint64_t
hash_bytes(const void *data, size_t size)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */

    for (const uint8_t *at = data, *end = at + size; at < end; at++)
        hash = (hash ^ *at) * 1099511628211U;
    return hash;
}

uint64_t
index_hash(const struct wish *wish)
{
    return wish->payload == NULL ? 0 : hash_bytes(wish->payload, wish->payload_size);
}

static size_t
bucket_of(const void *data, size_t size)
{
    uint64_t hash = hash_bytes(data, size);

    return (hash ^ hash >> 32) % INDEX_BUCKETS;
}

struct aggregate *
index_aggregate(struct xray_index *index, const char *key)
{
    struct aggregate *aggregate;

    LIST_FOREACH(aggregate, &index->aggregates[bucket_of(key, strlen(key))], by_key)
    {
        if (str_eq(aggregate->key, key))
            return aggregate;
    }
    return NULL;
}

struct credential *
index_credential(struct xray_index *index, enum xray_tag tag, const uint8_t uuid[16])
{
    struct credential *credential;
    uint8_t id[16];

    uuid_mask(uuid, id);
    LIST_FOREACH(credential, &index->credentials[bucket_of(id, sizeof(id))], by_id)
    {
        if (credential->tag == tag && memcmp(credential->id, id, sizeof(id)) == 0)
            return credential;
    }
    return NULL;
}

bool
index_has_marker(const struct xray_index *index, const char *marker)
{
    const struct carrier *carrier;

    LIST_FOREACH(carrier, &index->markers[bucket_of(marker, strlen(marker))], by_marker)
    {
        if (str_eq(carrier->user.email, marker))
            return true;
    }
    return false;
}

bool
index_wants(const struct xray_index *index, enum xray_tag tag, const char *email)
{
    const struct carrier *carrier;

    LIST_FOREACH(carrier, &index->markers[bucket_of(email, strlen(email))], by_marker)
    {
        if (str_eq(carrier->user.email, email) && carrier->credential->tag == tag &&
            carrier->credential->carriers == carrier)
            return true;
    }
    return false;
}

const struct xray_user *
credential_wanted(const struct credential *credential)
{
    return credential->carriers != NULL ? &credential->carriers->user : NULL;
}

bool
credential_right(const struct credential *credential)
{
    const struct xray_user *wanted = credential_wanted(credential);

    if (wanted == NULL)
        return credential->held.email[0] == '\0';
    return !credential->clash && !credential->unproven && xray_user_same(wanted, &credential->held);
}

/* -- making ---------------------------------------------------------------------------- */

/* Keys are UUIDs, all of one length; room for the longest would double an aggregate. */
static void
set_key(struct xray_index *index, struct aggregate *aggregate, const char *key)
{
    size_t size = strlen(key) + 1;

    if (aggregate->key_room < size) {
        aggregate->key = arena_alloc(&index->arena, size);
        aggregate->key_room = size;
    }
    memcpy(aggregate->key, key, size);
}

static struct aggregate *
make_aggregate(struct xray_index *index, const char *key)
{
    struct aggregate *aggregate = LIST_FIRST(&index->free_aggregates);

    if (aggregate != NULL)
        LIST_REMOVE(aggregate, by_key);
    else
        aggregate = arena_alloc(&index->arena, sizeof(*aggregate));
    *aggregate = (struct aggregate){.key = aggregate->key, .key_room = aggregate->key_room};
    set_key(index, aggregate, key);
    LIST_INSERT_HEAD(&index->aggregates[bucket_of(key, strlen(key))], aggregate, by_key);
    return aggregate;
}

static struct credential *
make_credential(struct xray_index *index, enum xray_tag tag, const uint8_t uuid[16])
{
    struct credential *credential = index_credential(index, tag, uuid);

    if (credential != NULL)
        return credential;
    if ((credential = LIST_FIRST(&index->free_credentials)) != NULL)
        LIST_REMOVE(credential, by_id);
    else
        credential = arena_alloc(&index->arena, sizeof(*credential));
    *credential = (struct credential){.tag = (uint8_t)tag};
    uuid_mask(uuid, credential->id);
    index->credential_count++;
    LIST_INSERT_HEAD(
        &index->credentials[bucket_of(credential->id, sizeof(credential->id))], credential, by_id);
    return credential;
}

static struct carrier *
make_carrier(struct xray_index *index, const struct xray_user *user)
{
    struct carrier *carrier = LIST_FIRST(&index->free_carriers);

    if (carrier != NULL)
        LIST_REMOVE(carrier, by_marker);
    else
        carrier = arena_alloc(&index->arena, sizeof(*carrier));
    *carrier = (struct carrier){.user = *user};
    LIST_INSERT_HEAD(
        &index->markers[bucket_of(user->email, strlen(user->email))], carrier, by_marker);
    return carrier;
}

static bool
is_lower(const struct carrier *a, const struct carrier *b)
{
    if (a->slot != b->slot)
        return a->slot < b->slot;
    return strcmp(a->aggregate->key, b->aggregate->key) < 0;
}

static void
enlist(struct carrier *carrier)
{
    struct carrier **place = &carrier->credential->carriers;

    while (*place != NULL && is_lower(*place, carrier))
        place = &(*place)->of_credential;
    carrier->of_credential = *place;
    *place = carrier;
}

static void
delist(struct carrier *carrier)
{
    struct carrier **place = &carrier->credential->carriers;

    while (*place != carrier)
        place = &(*place)->of_credential;
    *place = carrier->of_credential;
}

/* -- wishes ---------------------------------------------------------------------------- */

static void
touch(struct touched *touched, struct credential *credential)
{
    for (size_t i = 0; i < touched->count; i++) {
        if (touched->list[i] == credential)
            return;
    }
    touched->list[touched->count++] = credential;
}

static void
drop_carriers(struct xray_index *index, struct aggregate *aggregate)
{
    struct carrier *carrier;

    while ((carrier = aggregate->carriers) != NULL) {
        aggregate->carriers = carrier->of_aggregate;
        delist(carrier);
        LIST_REMOVE(carrier, by_marker);
        LIST_INSERT_HEAD(&index->free_carriers, carrier, by_marker);
        index->changes++;
    }
}

static void
touch_carried(const struct aggregate *aggregate, struct touched *touched)
{
    for (const struct carrier *carrier = aggregate->carriers; carrier != NULL;
         carrier = carrier->of_aggregate)
        touch(touched, carrier->credential);
}

static void
carry(struct xray_index *index, struct aggregate *aggregate, enum xray_tag tag, int slot,
    const struct xray_user *user)
{
    struct carrier *carrier = make_carrier(index, user);

    carrier->aggregate = aggregate;
    carrier->credential = make_credential(index, tag, user->uuid);
    carrier->slot = slot;
    carrier->of_aggregate = aggregate->carriers;
    aggregate->carriers = carrier;
    enlist(carrier);
    index->changes++;
}

static bool
carries(
    const struct aggregate *aggregate, enum xray_tag tag, int slot, const struct xray_user *user)
{
    const struct carrier *carrier = aggregate->carriers;

    while (carrier != NULL &&
        (carrier->slot != slot || (int)carrier->credential->tag != (int)tag ||
            !xray_user_same(&carrier->user, user)))
        carrier = carrier->of_aggregate;
    return carrier != NULL;
}

bool
index_carries(const struct aggregate *aggregate, const struct xray_claims *claims)
{
    size_t count = 0;

    for (const struct carrier *carrier = aggregate->carriers; carrier != NULL;
         carrier = carrier->of_aggregate)
        count++;
    for (size_t i = 0; i < claims->count; i++) {
        if (!carries(aggregate, claims->tag, claims->list[i].slot, &claims->list[i].user))
            return false;
    }
    return count == claims->count;
}

struct aggregate *
index_put(struct xray_index *index, const struct wish *wish, const struct xray_claims *claims,
    struct touched *touched)
{
    struct aggregate *aggregate = index_aggregate(index, wish->key);
    uint64_t hash = index_hash(wish);

    touched->count = 0;
    if (aggregate == NULL)
        aggregate = make_aggregate(index, wish->key);
    touch_carried(aggregate, touched);
    if (aggregate->hash != hash && !index_carries(aggregate, claims)) {
        aggregate->settled = 0;
        drop_carriers(index, aggregate);
        for (size_t i = 0; i < claims->count; i++)
            carry(index, aggregate, claims->tag, claims->list[i].slot, &claims->list[i].user);
        touch_carried(aggregate, touched);
    }
    aggregate->hash = hash;
    aggregate->ver = wish->ver;
    aggregate->refused = aggregate->waits = false;
    return aggregate;
}

void
index_drop_aggregate(struct xray_index *index, struct aggregate *aggregate)
{
    drop_carriers(index, aggregate);
    LIST_REMOVE(aggregate, by_key);
    LIST_INSERT_HEAD(&index->free_aggregates, aggregate, by_key);
}

void
index_drop_credential(struct xray_index *index, struct credential *credential)
{
    LIST_REMOVE(credential, by_id);
    index->credential_count--;
    LIST_INSERT_HEAD(&index->free_credentials, credential, by_id);
}
