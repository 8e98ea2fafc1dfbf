/*
 * The messages of Xray's API, to bytes and back (proto/xray.proto). Everything lives in the arena
 * that is given; what comes from Xray is checked as foreign input.
 *
 * `prefix` begins the names of messages and services: "xray.", or "v2ray.core." for its ancestor.
 */
#ifndef TG_AGENT_XRAY_CODEC_H
#define TG_AGENT_XRAY_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct bytes {
    const uint8_t *at;
    size_t size;
};

/* A user, an inbound's tag or an address, as the list says. Texts are never NULL. */
struct xray_entry {
    const char *name;        /* e-mail, tag, address */
    const char *uuid, *flow; /* of users; flow may be "" */
};

/* What AlterInbound shall do. Made by the two functions below only. */
struct xray_operation {
    const char *type; /* full name of the message */
    struct bytes value;
};

struct xray_operation
xray_encode_add(struct arena *arena, const char *prefix, const struct xray_entry *user);
struct xray_operation
xray_encode_remove(struct arena *arena, const char *prefix, const char *email);

/* The operation may not be NULL nor without a type: such a request ends the whole Xray, so here it
 * ends us first. */
struct bytes
xray_encode_alter(struct arena *arena, const char *tag, const struct xray_operation *operation);

struct bytes xray_encode_get_users(struct arena *arena, const char *tag, const char *email);
struct bytes xray_encode_get_stats(struct arena *arena, const char *name);
struct bytes xray_encode_list_inbounds(struct arena *arena);
struct bytes xray_encode_remove_inbound(struct arena *arena, const char *tag);

/* An answer, entry by entry; entries live during the visit. False when it is malformed. */
typedef void (*xray_visit_fn)(void *arg, const struct xray_entry *entry);

struct xray_visit {
    xray_visit_fn visit; /* may be NULL */
    void *arg;
};

typedef bool (*xray_decode_fn)(const struct bytes *answer, const struct xray_visit *visit);

/* An empty user, which stands for "no such user", is not shown. */
bool xray_decode_users(const struct bytes *answer, const struct xray_visit *visit);
bool xray_decode_inbounds(const struct bytes *answer, const struct xray_visit *visit);
bool xray_decode_addresses(const struct bytes *answer, const struct xray_visit *visit);

bool xray_decode_uptime(const struct bytes *answer, uint32_t *seconds);

#endif
