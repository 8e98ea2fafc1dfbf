#include "domain/overrides.h"

#include <string.h>

#include "base/str.h"
#include "schema/read.h"

enum {
    NAME_BYTES = 40,  /* of a key, at most so many are shown */
    NAMES_BYTES = 160 /* of all of them */
};

/* -- VLESS ---------------------------------------------------------------------------------- */

#define LABEL "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
/* An address is no name: its last label has a letter first. */
#define HOST "^(" LABEL "[.])*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
/* From the root, visible ASCII without "://": colons with at most one slash behind them. */
#define PATH "^/([!-9;-~]|(:+/?)+([!-.0-9;-~]|$))*$"

/* clang-format off */
#define CLIENT_FIELDS                                                                              \
    F_INT(struct vless_overrides, connect_timeout_ms, F_OPTIONAL, 100, 60000),                     \
    F_INT(struct vless_overrides, dial_timeout_ms, F_OPTIONAL, 100, 60000),                        \
    F_INT(struct vless_overrides, local_socks_port, F_OPTIONAL, 1024, 65535),                      \
    F_BOOL(struct vless_overrides, tcp_fast_open, F_OPTIONAL)

static const struct field reality_fields[] = {
    F_INT(struct vless_overrides, camouflage_sni_id, F_OPTIONAL, 1, INT32_MAX),
    CLIENT_FIELDS,
};

static const struct field ws_fields[] = {
    CLIENT_FIELDS,
    F_MATCH(struct vless_overrides, ws_path, F_OPTIONAL, 255, PATH),
    F_MATCH(struct vless_overrides, ws_host, F_OPTIONAL, 253, HOST),
    F_MATCH(struct vless_overrides, tls_server_name, F_OPTIONAL, 253, HOST),
    F_BOOL(struct vless_overrides, tls_insecure, F_OPTIONAL),
};
/* clang-format on */

static const struct vless_overrides vless_defaults = {.connect_timeout_ms = 8000,
    .dial_timeout_ms = 8000,
    .local_socks_port = 1080,
    .tcp_fast_open = true};

const struct schema reality_overrides_schema =
    SCHEMA_FROM(struct vless_overrides, reality_fields, &vless_defaults);
const struct schema ws_overrides_schema =
    SCHEMA_FROM(struct vless_overrides, ws_fields, &vless_defaults);

/* -- Hysteria2 ------------------------------------------------------------------------------ */

#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define PORT                                                                                       \
    "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6([0-4][0-9]{3}|5([0-4][0-9]{2}|5([0-2][0-9]|3[0-5]))))"
#define LOOPBACK "^(127([.]" OCTET "){3}|localhost|\\[::1\\]):" PORT "$"

const char *const client_mode_names[] = {
    [CLIENT_SOCKS] = "socks", [CLIENT_HTTP] = "http", [CLIENT_TUN] = "tun", NULL};

static const struct field hysteria_fields[] = {
    F_ENUM(struct hysteria_overrides, client_mode, F_OPTIONAL, client_mode_names),
    F_INT(struct hysteria_overrides, up_mbps, F_OPTIONAL, 1, 10000),
    F_INT(struct hysteria_overrides, down_mbps, F_OPTIONAL, 1, 10000),
    F_MATCH(struct hysteria_overrides, socks_listen, F_OPTIONAL, 64, LOOPBACK),
    F_MATCH(struct hysteria_overrides, http_listen, F_OPTIONAL, 64, LOOPBACK),
};

static const struct hysteria_overrides hysteria_defaults = {.client_mode = CLIENT_SOCKS,
    .up_mbps = 100,
    .down_mbps = 100,
    .socks_listen = "127.0.0.1:1080",
    .http_listen = "127.0.0.1:1081"};

const struct schema hysteria_overrides_schema =
    SCHEMA_FROM(struct hysteria_overrides, hysteria_fields, &hysteria_defaults);

/* -- WireGuard ------------------------------------------------------------------------------ */

#define IPV4 OCTET "([.]" OCTET "){3}"
/* There is no IPv6 within, but a client may send it all this way, so that none leaks past it. */
#define CIDR "^(" IPV4 "/([12]?[0-9]|3[0-2])|::/0)$"

static const struct field dns_item = {.type = FIELD_TEXT, .max = 15, .pattern = "^" IPV4 "$"};
static const struct field cidr_item = {.type = FIELD_TEXT, .max = 18, .pattern = CIDR};

/* As many as a QR code of the whole has room for. */
enum {
    DNS_MAX = 8,
    ALLOWED_MAX = 64
};

static const struct field wireguard_fields[] = {
    F_LIST_MAX(struct wireguard_overrides, dns, F_OPTIONAL, &dns_item, 1, DNS_MAX),
    F_INT(struct wireguard_overrides, mtu, F_OPTIONAL, 1200, 1420),
    F_INT(struct wireguard_overrides, persistent_keepalive, F_OPTIONAL, 0, 600),
    F_LIST_MAX(struct wireguard_overrides, allowed_ips, F_OPTIONAL, &cidr_item, 1, ALLOWED_MAX),
};

static const char *const dns_default[] = {"1.1.1.1", "8.8.8.8"};
static const char *const allowed_default[] = {"0.0.0.0/0"};
static const struct wireguard_overrides wireguard_defaults = {
    .dns = {dns_default, COUNT(dns_default)},
    .mtu = 1420,
    .persistent_keepalive = 25,
    .allowed_ips = {allowed_default, COUNT(allowed_default)}};

const struct schema wireguard_overrides_schema =
    SCHEMA_FROM(struct wireguard_overrides, wireguard_fields, &wireguard_defaults);

/* -- the keys that are wrong --------------------------------------------------------------- */

static bool
is_known(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (str_eq(schema->fields[i].name, key))
            return true;
    }
    return false;
}

/* A fault's loc is [source, key, ...]. */
static bool
is_faulty(struct json_object *faults, const char *key)
{
    size_t count = faults == NULL ? 0 : json_object_array_length(faults);

    for (size_t i = 0; i < count; i++) {
        struct json_object *loc =
            json_object_object_get(json_object_array_get_idx(faults, i), "loc");

        if (str_eq(json_object_get_string(json_object_array_get_idx(loc, 1)), key))
            return true;
    }
    return false;
}

/* The length of at most so many bytes that do not end within a code point. */
static size_t
cut(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes + 1);

    if (length <= bytes)
        return length;
    while (bytes > 0 && ((unsigned char)text[bytes] & 0xC0) == 0x80)
        bytes--;
    return bytes;
}

/* NULL when no key is wrong. */
static const char *
bad_keys(const struct schema *schema, struct json_object *json, const struct reader *reader)
{
    const char *names = NULL;
    int more = 0;

    json_object_object_foreach(json, key, value)
    {
        (void)value; /* the iterator names it; the key is enough */
        if (is_known(schema, key) && !is_faulty(reader->faults, key))
            continue;
        if (names != NULL && strlen(names) + cut(key, NAME_BYTES) > NAMES_BYTES)
            more++;
        else
            names = arena_printf(reader->arena, "%s%s%.*s", names == NULL ? "" : names,
                names == NULL ? "" : ", ", (int)cut(key, NAME_BYTES), key);
    }
    return more == 0 ? names : arena_printf(reader->arena, "%s and %d more", names, more);
}

bool
overrides_read(const struct schema *schema, const char *json, struct arena *arena,
    const void **record, struct err *err)
{
    struct reader reader = {.arena = arena, .source = SOURCE_BODY};
    struct json_object *object;
    void *read = schema_new(schema, arena);

    if (!json_read(arena, json, strlen(json), &object))
        return err_set(err, ERR_OVERRIDES);
    read_json(&reader, schema, object, read);
    const char *bad = bad_keys(schema, object, &reader);
    if (bad != NULL)
        return err_say(err, ERR_OVERRIDES, "These overrides are not allowed: %s", bad);
    *record = read;
    return true;
}
