#include "export/xray.h"

#include <inttypes.h>

#include "export/part.h"
#include "schema/build.h"
#include "schema/emit.h"

/* -- the whole ----------------------------------------------------------------------------- */

static struct json_object *
socks_inbound(const struct local_part *local, struct arena *arena)
{
    const struct host_port at = part_endpoint(local->listen, arena);

    return build_object((const struct member[]){
        {"tag", build_text("socks")},
        {"listen", build_text(at.host)},
        {"port", build_int(at.port)},
        {"protocol", build_text("socks")},
        {"settings",
            build_object((const struct member[]){
                {"auth", build_text("noauth")}, {"udp", build_bool(true)}, {NULL}})},
        {NULL},
    });
}

/* The outbound is taken over. */
static const char *
whole(const struct local_part *local, struct json_object *outbound, struct arena *arena)
{
    struct json_object *json = build_object((const struct member[]){
        {"log", build_object((const struct member[]){{"loglevel", build_text("warning")}, {NULL}})},
        {"inbounds", build_list_of(socks_inbound(local, arena))},
        {"outbounds", build_list_of(outbound)},
        {NULL},
    });

    json_adopt(arena, json);
    return emit_json(json, arena);
}

static struct json_object *
outbound_of(const struct export_source *source, const char *protocol, struct json_object *settings,
    struct json_object *stream)
{
    return build_object((const struct member[]){
        {"tag", build_text(connection_variant_names[source->variant])},
        {"protocol", build_text(protocol)},
        {"settings", settings},
        {"streamSettings", stream},
        {NULL},
    });
}

/* -- VLESS --------------------------------------------------------------------------------- */

static struct json_object *
vless_settings(const struct vless_client *config)
{
    struct json_object *user = build_object((const struct member[]){
        {"id", build_text(config->uuid)},
        {"encryption", build_text("none")},
        {"flow", build_text(config->flow)},
        {NULL},
    });
    struct json_object *server = build_object((const struct member[]){
        {"address", build_text(config->server)},
        {"port", build_int(config->port)},
        {"users", build_list_of(user)},
        {NULL},
    });

    return build_object((const struct member[]){{"vnext", build_list_of(server)}, {NULL}});
}

/* NULL where the system's own way is meant. */
static struct json_object *
sockopt(const struct vless_client *config)
{
    return config->client_options->tcp_fast_open
        ? build_object((const struct member[]){{"tcpFastOpen", build_bool(true)}, {NULL}})
        : NULL;
}

static struct json_object *
reality_stream(const struct vless_client *config)
{
    return build_object((const struct member[]){
        {"network", build_text("tcp")},
        {"security", build_text("reality")},
        {"realitySettings",
            build_object((const struct member[]){
                {"serverName", build_text(config->sni)},
                {"fingerprint", build_text("chrome")},
                {"publicKey", build_text(config->reality->public_key)},
                {"shortId", build_text(config->reality->short_id)},
                {"spiderX", build_text("/")},
                {NULL},
            })},
        {"sockopt", sockopt(config)},
        {NULL},
    });
}

bool
xray_reality(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(&reality_export_schema, source, arena, &config, err))
        return false;
    *text = whole(config.local_socks,
        outbound_of(source, "vless", vless_settings(&config), reality_stream(&config)), arena);
    return true;
}

static struct json_object *
ws_stream(const struct vless_client *config)
{
    const char *host = config->ws->host != NULL ? config->ws->host : config->sni;

    return build_object((const struct member[]){
        {"network", build_text("ws")},
        {"security", build_text("tls")},
        {"tlsSettings",
            build_object((const struct member[]){
                {"serverName", build_text(config->sni)},
                {"fingerprint", build_text("chrome")},
                {"alpn", build_list_of(build_text("http/1.1"))},
                {NULL},
            })},
        {"wsSettings",
            build_object((const struct member[]){
                {"path", build_text(config->ws->path)},
                {"host", build_text(host)},
                {NULL},
            })},
        {"sockopt", sockopt(config)},
        {NULL},
    });
}

/* Xray has no switch for it any more. */
static bool
refuse_insecure(struct err *err)
{
    return err_say(
        err, ERR_EXPORT_FORMAT, "Xray takes no configuration that accepts any certificate");
}

bool
xray_ws(const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(&ws_export_schema, source, arena, &config, err))
        return false;
    if (config.tls->insecure)
        return refuse_insecure(err);
    *text = whole(config.local_socks,
        outbound_of(source, "vless", vless_settings(&config), ws_stream(&config)), arena);
    return true;
}

/* -- Hysteria2 ----------------------------------------------------------------------------- */

static struct json_object *
rate(int64_t mbps, struct arena *arena)
{
    return mbps == 0 ? NULL : build_text(arena_printf(arena, "%" PRId64 " mbps", mbps));
}

static struct json_object *
obfs_masks(const struct obfs_part *obfs)
{
    if (obfs == NULL)
        return NULL;
    struct json_object *password =
        build_object((const struct member[]){{"password", build_text(obfs->password)}, {NULL}});
    return build_list_of(build_object((const struct member[]){
        {"type", build_text(obfs->type)},
        {"settings", password},
        {NULL},
    }));
}

static struct json_object *
hysteria_stream(const struct hysteria_client *config, struct arena *arena)
{
    const char *sni = config->sni != NULL ? config->sni : config->server;

    return build_object((const struct member[]){
        {"network", build_text("hysteria")},
        {"security", build_text("tls")},
        {"tlsSettings",
            build_object((const struct member[]){
                {"serverName", build_text(sni)},
                {"alpn", build_list_of(build_text("h3"))},
                {"pinnedPeerCertSha256", build_text(part_pin(config->pin_sha256, arena))},
                {NULL},
            })},
        {"hysteriaSettings",
            build_object((const struct member[]){
                {"version", build_int(2)},
                {"auth", build_text(part_auth(config->auth, arena))},
                {NULL},
            })},
        {"finalmask",
            build_object((const struct member[]){
                {"udp", obfs_masks(config->obfs)},
                {"quicParams",
                    build_object((const struct member[]){
                        {"brutalUp", rate(config->up_mbps, arena)},
                        {"brutalDown", rate(config->down_mbps, arena)},
                        {NULL},
                    })},
                {NULL},
            })},
        {NULL},
    });
}

bool
xray_hysteria(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct hysteria_client config;

    if (!config_read(&hysteria_export_schema, source, arena, &config, err))
        return false;
    if (config.insecure && config.pin_sha256 == NULL)
        return refuse_insecure(err);
    struct json_object *settings = build_object((const struct member[]){
        {"version", build_int(2)},
        {"address", build_text(config.server)},
        {"port", build_int(config.port)},
        {NULL},
    });
    *text = whole(part_local(&config),
        outbound_of(source, "hysteria", settings, hysteria_stream(&config, arena)), arena);
    return true;
}

/* -- WireGuard ----------------------------------------------------------------------------- */

static struct json_object *
wireguard_peer(const struct wireguard_client *config, struct arena *arena)
{
    const struct list allowed = part_allowed_ips(&config->peer->allowed_ips, arena);

    return build_object((const struct member[]){
        {"endpoint", build_text(config->endpoint)},
        {"publicKey", build_text(config->peer->public_key)},
        {"preSharedKey", build_text(config->peer->preshared_key)},
        {"keepAlive", build_int(config->peer->persistent_keepalive)},
        {"allowedIPs", build_texts(&allowed)},
        {NULL},
    });
}

/* Names are asked for inside the tunnel; Xray lets nobody choose the servers for that. */
bool
xray_wireguard(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct wireguard_client config;

    if (!config_read(&wireguard_export_schema, source, arena, &config, err))
        return false;
    struct json_object *settings = build_object((const struct member[]){
        {"secretKey", build_text(config.interface->private_key)},
        {"address", build_texts(&config.interface->addresses)},
        {"mtu", build_int(config.interface->mtu)},
        {"noKernelTun", build_bool(true)},
        {"domainStrategy", build_text("ForceIPv4")},
        {"peers", build_list_of(wireguard_peer(&config, arena))},
        {NULL},
    });
    *text = whole(&usual_socks, outbound_of(source, "wireguard", settings, NULL), arena);
    return true;
}
