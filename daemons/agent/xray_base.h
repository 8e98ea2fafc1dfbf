/*
 * What the base configuration (base/xray.json, brought by a bundle) says about itself: which users
 * are its own, on which ports its inbounds listen. Without a base both are unknown.
 */
#ifndef TG_AGENT_XRAY_BASE_H
#define TG_AGENT_XRAY_BASE_H

#include "agent/xray_wish.h"
#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"

enum {
    BASE_BYTES_MAX = 4 * 1024 * 1024
};

struct xray_base {
    struct arena arena;
    const char *text; /* the file; NULL: there is none */
    size_t size;
    struct list users;         /* const char *: e-mails in lower case */
    uint16_t ports[XRAY_TAGS]; /* 0: unknown */
};

/* Again; what was known before is forgotten. A file that cannot be read or is no JSON object is an
 * error, no file is not. */
bool xray_base_load(struct xray_base *base, int root, struct err *err) MUST_CHECK;
bool
xray_base_set(struct xray_base *base, const char *text, size_t size, struct err *err) MUST_CHECK;
void xray_base_free(struct xray_base *base);

/* A user that the base holds itself: never touched. */
bool xray_base_owns(const struct xray_base *base, const char *email);

/* The array of users of each managed inbound that the parsed base has; NULL where it has none. */
void xray_base_users(struct json_object *json, struct json_object *users[XRAY_TAGS]);

#endif
