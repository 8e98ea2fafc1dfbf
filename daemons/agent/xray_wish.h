/*
 * What a wish asks of Xray: its payload read as users of one inbound.
 *
 * Xray ignores two bytes of a UUID (6 and 7, the third group); where two UUIDs are told apart these
 * are zero (uuid_mask).
 */
#ifndef TG_AGENT_XRAY_WISH_H
#define TG_AGENT_XRAY_WISH_H

#include <json-c/json.h>

#include "agent/wish.h"
#include "base/str.h"
#include "settings/settings.h"

enum {
    MARKER_SIZE = 40, /* with its end */
    CLAIMS_MAX = 8    /* of one wish; three are active at most */
};

/* The inbounds whose users are ours. Others, vless-transit-in above all, are never touched. */
enum xray_tag {
    TAG_REALITY,
    TAG_WS,
    TAG_ENTRY,
    XRAY_TAGS
};

extern const char *const xray_tags[XRAY_TAGS];

bool xray_tag_managed(enum xray_tag tag, const char *role);

enum xray_flow {
    FLOW_NONE,
    FLOW_VISION,
    FLOW_VISION_UDP443,
    FLOW_OTHER /* only as an answer */
};

struct xray_user {
    char email[MARKER_SIZE]; /* "": nobody */
    uint8_t uuid[16];
    uint8_t flow; /* enum xray_flow */
};

struct xray_claims {
    enum xray_tag tag;
    size_t count;
    struct {
        int slot;
        struct xray_user user;
    } list[CLAIMS_MAX];
};

/* Why a wish can never be had. */
struct refusal {
    const char *code, *detail;
};

/* A removed wish claims nothing. */
bool xray_wish_read(const struct settings *settings, const struct wish *wish,
    struct xray_claims *claims, struct refusal *refusal) MUST_CHECK;

bool uuid_parse(const char *text, uint8_t uuid[16]) MUST_CHECK;
void uuid_print(const uint8_t uuid[16], char text[UUID_SIZE]);
void uuid_mask(const uint8_t uuid[16], uint8_t masked[16]);

enum xray_flow flow_parse(const char *text);
const char *flow_text(enum xray_flow flow);

bool xray_user_same(const struct xray_user *a, const struct xray_user *b);

#endif
