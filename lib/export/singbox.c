#include "export/singbox.h"

#include <inttypes.h>

#include "export/part.h"
#include "schema/build.h"
#include "schema/emit.h"

/* What asks for the server's own name. */
static const char resolver[] = "local";

/* -- the whole ----------------------------------------------------------------------------- */

static struct json_object *
mixed_inbound(const struct local_part *local, struct arena *arena)
{
    const struct host_port at = part_endpoint(local->listen, arena);

    return build_object((const struct member[]){
        {"type", build_text("mixed")},
        {"tag", build_text("mixed")},
        {"listen", build_text(at.host)},
        {"listen_port", build_int(at.port)},
        {NULL},
    });
}

static struct json_object *
resolver_server(void)
{
    return build_object((const struct member[]){
        {"type", build_text("local")}, {"tag", build_text(resolver)}, {NULL}});
}

static struct json_object *
plain_dns(void)
{
    return build_object(
        (const struct member[]){{"servers", build_list_of(resolver_server())}, {NULL}});
}

/* `kind` is "outbounds" or "endpoints"; `way` is the one, and taken over like `dns`. */
static const char *
whole(const struct export_source *source, const struct local_part *local, const char *kind,
    struct json_object *way, struct json_object *dns, struct arena *arena)
{
    struct json_object *json = build_object((const struct member[]){
        {"log", build_object((const struct member[]){{"level", build_text("warn")}, {NULL}})},
        {"dns", dns},
        {"inbounds", build_list_of(mixed_inbound(local, arena))},
        {kind, build_list_of(way)},
        {"route",
            build_object((const struct member[]){
                {"final", build_text(connection_variant_names[source->variant])},
                {"default_domain_resolver", build_text(resolver)},
                {NULL},
            })},
        {NULL},
    });

    json_adopt(arena, json);
    return emit_json(json, arena);
}

/* -- VLESS --------------------------------------------------------------------------------- */

static struct json_object *
chrome(void)
{
    return build_object((const struct member[]){
        {"enabled", build_bool(true)}, {"fingerprint", build_text("chrome")}, {NULL}});
}

static struct json_object *
reality_tls(const struct vless_client *config)
{
    return build_object((const struct member[]){
        {"enabled", build_bool(true)},
        {"server_name", build_text(config->sni)},
        {"utls", chrome()},
        {"reality",
            build_object((const struct member[]){
                {"enabled", build_bool(true)},
                {"public_key", build_text(config->reality->public_key)},
                {"short_id", build_text(config->reality->short_id)},
                {NULL},
            })},
        {NULL},
    });
}

static struct json_object *
ws_tls(const struct vless_client *config)
{
    return build_object((const struct member[]){
        {"enabled", build_bool(true)},
        {"server_name", build_text(config->sni)},
        {"insecure", config->tls->insecure ? build_bool(true) : NULL},
        {"alpn", build_list_of(build_text("http/1.1"))},
        {"utls", chrome()},
        {NULL},
    });
}

static struct json_object *
ws_transport(const struct vless_client *config)
{
    const char *host = config->ws->host != NULL ? config->ws->host : config->sni;

    return build_object((const struct member[]){
        {"type", build_text("ws")},
        {"path", build_text(config->ws->path)},
        {"headers", build_object((const struct member[]){{"Host", build_text(host)}, {NULL}})},
        {NULL},
    });
}

static struct json_object *
vless_outbound(const struct export_source *source, const struct vless_client *config,
    struct json_object *tls, struct json_object *transport, struct arena *arena)
{
    const struct options_part *options = config->client_options;

    return build_object((const struct member[]){
        {"type", build_text("vless")},
        {"tag", build_text(connection_variant_names[source->variant])},
        {"server", build_text(config->server)},
        {"server_port", build_int(config->port)},
        {"uuid", build_text(config->uuid)},
        {"flow", build_text(config->flow)},
        {"packet_encoding", build_text("xudp")},
        {"connect_timeout",
            build_text(arena_printf(arena, "%" PRId64 "ms", options->connect_timeout_ms))},
        {"tcp_fast_open", options->tcp_fast_open ? build_bool(true) : NULL},
        {"tls", tls},
        {"transport", transport},
        {NULL},
    });
}

bool
singbox_reality(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(&reality_export_schema, source, arena, &config, err))
        return false;
    *text = whole(source, config.local_socks, "outbounds",
        vless_outbound(source, &config, reality_tls(&config), NULL, arena), plain_dns(), arena);
    return true;
}

bool
singbox_ws(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(&ws_export_schema, source, arena, &config, err))
        return false;
    *text = whole(source, config.local_socks, "outbounds",
        vless_outbound(source, &config, ws_tls(&config), ws_transport(&config), arena), plain_dns(),
        arena);
    return true;
}

/* -- Hysteria2 ----------------------------------------------------------------------------- */

static struct json_object *
obfs_of(const struct obfs_part *obfs)
{
    return obfs == NULL ? NULL
                        : build_object((const struct member[]){
                              {"type", build_text(obfs->type)},
                              {"password", build_text(obfs->password)},
                              {NULL},
                          });
}

static struct json_object *
rate(int64_t mbps)
{
    return mbps == 0 ? NULL : build_int(mbps);
}

static struct json_object *
hysteria_outbound(
    const struct export_source *source, const struct hysteria_client *config, struct arena *arena)
{
    const char *sni = config->sni != NULL ? config->sni : config->server;

    return build_object((const struct member[]){
        {"type", build_text("hysteria2")},
        {"tag", build_text(connection_variant_names[source->variant])},
        {"server", build_text(config->server)},
        {"server_port", build_int(config->port)},
        {"up_mbps", rate(config->up_mbps)},
        {"down_mbps", rate(config->down_mbps)},
        {"obfs", obfs_of(config->obfs)},
        {"password", build_text(part_auth(config->auth, arena))},
        {"tls",
            build_object((const struct member[]){
                {"enabled", build_bool(true)},
                {"server_name", build_text(sni)},
                {"insecure", config->insecure ? build_bool(true) : NULL},
                {"alpn", build_list_of(build_text("h3"))},
                {NULL},
            })},
        {NULL},
    });
}

/* A certificate that is known by its fingerprint alone: sing-box knows only those of keys, and
 * would take anybody's. */
bool
singbox_hysteria(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct hysteria_client config;

    if (!config_read(&hysteria_export_schema, source, arena, &config, err))
        return false;
    if (config.insecure && config.pin_sha256 != NULL)
        return err_say(err, ERR_EXPORT_FORMAT,
            "sing-box cannot tell the server's certificate by its fingerprint");
    *text = whole(source, part_local(&config), "outbounds",
        hysteria_outbound(source, &config, arena), plain_dns(), arena);
    return true;
}

/* -- WireGuard ----------------------------------------------------------------------------- */

static struct json_object *
wireguard_peer(const struct wireguard_client *config, struct arena *arena)
{
    const struct list allowed = part_allowed_ips(&config->peer->allowed_ips, arena);
    const struct host_port at = part_endpoint(config->endpoint, arena);

    return build_object((const struct member[]){
        {"address", build_text(at.host)},
        {"port", build_int(at.port)},
        {"public_key", build_text(config->peer->public_key)},
        {"pre_shared_key", build_text(config->peer->preshared_key)},
        {"allowed_ips", build_texts(&allowed)},
        {"persistent_keepalive_interval", build_int(config->peer->persistent_keepalive)},
        {NULL},
    });
}

/* Names are asked for inside the tunnel, of the first server. */
static struct json_object *
wireguard_dns(const struct export_source *source, const struct wireguard_client *config)
{
    if (config->interface->dns.count == 0)
        return plain_dns();
    struct json_object *servers[] = {
        build_object((const struct member[]){
            {"type", build_text("udp")},
            {"tag", build_text("tunnel")},
            {"server", build_text(*(const char *const *)config->interface->dns.at)},
            {"detour", build_text(connection_variant_names[source->variant])},
            {NULL},
        }),
        resolver_server(), NULL};
    return build_object((const struct member[]){
        {"servers", build_list(servers)},
        {"final", build_text("tunnel")},
        {"strategy", build_text("ipv4_only")},
        {NULL},
    });
}

bool
singbox_wireguard(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct wireguard_client config;

    if (!config_read(&wireguard_export_schema, source, arena, &config, err))
        return false;
    struct json_object *way = build_object((const struct member[]){
        {"type", build_text("wireguard")},
        {"tag", build_text(connection_variant_names[source->variant])},
        {"address", build_texts(&config.interface->addresses)},
        {"private_key", build_text(config.interface->private_key)},
        {"mtu", build_int(config.interface->mtu)},
        {"peers", build_list_of(wireguard_peer(&config, arena))},
        {NULL},
    });
    *text = whole(source, &usual_socks, "endpoints", way, wireguard_dns(source, &config), arena);
    return true;
}
