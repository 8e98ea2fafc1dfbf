#include "agent/xray_wish.h"

#include <stdio.h>
#include <string.h>

#include "schema/json.h"

enum {
    SLOT_MAX = 1000
};

const char *const xray_tags[XRAY_TAGS] = {
    [TAG_REALITY] = "vless-reality-in",
    [TAG_WS] = "vless-ws-in",
    [TAG_ENTRY] = "entry-in",
};

static const char *const flows[] = {
    [FLOW_NONE] = "",
    [FLOW_VISION] = "xtls-rprx-vision",
    [FLOW_VISION_UDP443] = "xtls-rprx-vision-udp443",
};

/* Where the users of a kind of connection live. `entry`: only in this ENTRY_MODE, -1 in any. */
static const struct inbound {
    const char *protocol, *mode, *role;
    int entry;
    enum xray_tag tag;
} inbounds[] = {
    {"vless_reality", "direct", "VPS_T", -1, TAG_REALITY},
    {"vless_reality", "chain", "VPS_T", ENTRY_TCP_FORWARD, TAG_REALITY},
    {"vless_reality", "chain", "VPS_E", ENTRY_XRAY, TAG_ENTRY},
    {"vless_ws_tls", "direct", "VPS_T", -1, TAG_WS},
    {"vless_ws_tls", "chain", "VPS_T", ENTRY_TCP_FORWARD, TAG_WS},
    {"vless_ws_tls", "chain", "VPS_E", ENTRY_XRAY, TAG_WS},
};

bool
xray_tag_managed(enum xray_tag tag, const char *role)
{
    for (size_t i = 0; i < COUNT(inbounds); i++) {
        if (inbounds[i].tag == tag && str_eq(inbounds[i].role, role))
            return true;
    }
    return false;
}

/* -- short forms ----------------------------------------------------------------------- */

bool
uuid_parse(const char *text, uint8_t uuid[16])
{
    size_t digits = 0;

    if (strlen(text) != UUID_SIZE - 1)
        return false;
    for (size_t i = 0; i < UUID_SIZE - 1; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        int value = hex_value(text[i]);
        if (hyphen ? text[i] != '-' : value < 0)
            return false;
        if (hyphen)
            continue;
        uuid[digits / 2] = (uint8_t)(digits % 2 == 0 ? value << 4 : uuid[digits / 2] | value);
        digits++;
    }
    return true;
}

void
uuid_print(const uint8_t uuid[16], char text[UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text[at++] = '-';
        text[at++] = digits[uuid[i] >> 4];
        text[at++] = digits[uuid[i] & 15];
    }
    text[UUID_SIZE - 1] = '\0';
}

void
uuid_mask(const uint8_t uuid[16], uint8_t masked[16])
{
    memcpy(masked, uuid, 16);
    masked[6] = masked[7] = 0;
}

enum xray_flow
flow_parse(const char *text)
{
    for (size_t i = 0; i < COUNT(flows); i++) {
        if (str_eq(flows[i], text))
            return (enum xray_flow)i;
    }
    return FLOW_OTHER;
}

const char *
flow_text(enum xray_flow flow)
{
    return flow < COUNT(flows) ? flows[flow] : "";
}

bool
xray_user_same(const struct xray_user *a, const struct xray_user *b)
{
    return str_eq(a->email, b->email) && memcmp(a->uuid, b->uuid, sizeof(a->uuid)) == 0 &&
        a->flow == b->flow;
}

/* -- payloads -------------------------------------------------------------------------- */

static bool
refuse(struct refusal *refusal, const char *code, const char *detail)
{
    *refusal = (struct refusal){code, detail};
    return false;
}

/* "" when it is not there or no text. */
static const char *
text_of(struct json_object *json, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(json, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return "";
    return json_object_get_string(value);
}

static bool
find_inbound(const struct settings *settings, struct json_object *payload, enum xray_tag *tag)
{
    const char *protocol = text_of(payload, "protocol"), *mode = text_of(payload, "mode");

    for (const struct inbound *row = inbounds; row < inbounds + COUNT(inbounds); row++) {
        if (str_eq(row->protocol, protocol) && str_eq(row->mode, mode) &&
            str_eq(row->role, settings->agent_role) &&
            (row->entry < 0 || row->entry == settings->entry_mode)) {
            *tag = row->tag;
            return true;
        }
    }
    return false;
}

/* Xray's statistics break on other characters, and its look-ups know no upper case. */
static bool
read_marker(const char *text, char marker[MARKER_SIZE])
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (length == 0 || length >= MARKER_SIZE || text[length] != '\0')
        return false;
    memcpy(marker, text, length + 1);
    return true;
}

static bool
read_slot(struct json_object *json, int *slot)
{
    struct json_object *value;

    if (!json_object_object_get_ex(json, "slot", &value) ||
        !json_object_is_type(value, json_type_int))
        return false;
    *slot = json_object_get_int(value);
    return *slot >= 0 && *slot < SLOT_MAX;
}

static bool
read_claim(struct json_object *json, int *slot, struct xray_user *user)
{
    enum xray_flow flow = flow_parse(text_of(json, "flow"));

    user->flow = (uint8_t)flow;
    return json_object_is_type(json, json_type_object) && read_slot(json, slot) &&
        read_marker(text_of(json, "marker"), user->email) &&
        uuid_parse(text_of(json, "uuid"), user->uuid) && flow != FLOW_OTHER;
}

static bool
read_claims(struct json_object *list, struct xray_claims *claims)
{
    size_t count = json_object_array_length(list);

    if (count > CLAIMS_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_claim(
                json_object_array_get_idx(list, i), &claims->list[i].slot, &claims->list[i].user))
            return false;
    }
    claims->count = count;
    return true;
}

static bool
read_payload(const struct settings *settings, struct json_object *payload,
    struct xray_claims *claims, struct refusal *refusal)
{
    struct json_object *list;

    if (!json_object_is_type(payload, json_type_object) ||
        !json_object_object_get_ex(payload, "credentials", &list) ||
        !json_object_is_type(list, json_type_array))
        return refuse(refusal, "payload", "the payload has no list of credentials");
    if (!find_inbound(settings, payload, &claims->tag))
        return refuse(refusal, "unknown_inbound", "this node has no inbound for such a connection");
    if (!read_claims(list, claims))
        return refuse(refusal, "bad_credential", "a credential has no slot, marker, UUID or flow");
    return true;
}

bool
xray_wish_read(const struct settings *settings, const struct wish *wish, struct xray_claims *claims,
    struct refusal *refusal)
{
    struct arena arena = {0};
    struct json_object *payload;

    claims->count = 0;
    if (wish->payload == NULL)
        return true;
    bool ok = json_read(&arena, wish->payload, wish->payload_size, &payload);
    if (!ok)
        refuse(refusal, "payload", "the payload is not JSON");
    ok = ok && read_payload(settings, payload, claims, refusal);
    arena_reset(&arena);
    return ok;
}
