#include "export/mihomo.h"

#include <inttypes.h>
#include <string.h>

#include "export/part.h"
#include "schema/build.h"
#include "schema/emit.h"

/* -- the whole ----------------------------------------------------------------------------- */

static struct json_object *
truth(bool value)
{
    return value ? build_bool(true) : NULL;
}

static struct json_object *
group_of(const char *title)
{
    return build_object((const struct member[]){
        {"name", build_text("Tracegate")},
        {"type", build_text("select")},
        {"proxies", build_list_of(build_text(title))},
        {NULL},
    });
}

/* The proxy is taken over. It listens on this machine alone. */
static bool
whole(const struct export_source *source, const struct local_part *local, struct json_object *proxy,
    struct arena *arena, const char **text, struct err *err)
{
    const char *title = form_title(source, arena);
    struct json_object *json = build_object((const struct member[]){
        {"mixed-port", build_int(part_endpoint(local->listen, arena).port)},
        {"allow-lan", build_bool(false)},
        {"ipv6", build_bool(false)},
        {"mode", build_text("rule")},
        {"log-level", build_text("warning")},
        {"proxies", build_list_of(proxy)},
        {"proxy-groups", build_list_of(group_of(title))},
        {"rules", build_list_of(build_text("MATCH,Tracegate"))},
        {NULL},
    });

    json_adopt(arena, json);
    return emit_yaml(json, arena, text, err);
}

/* -- VLESS --------------------------------------------------------------------------------- */

static struct json_object *
reality_opts(const struct reality_part *reality)
{
    return build_object((const struct member[]){
        {"public-key", build_text(reality->public_key)},
        {"short-id", build_text(reality->short_id)},
        {NULL},
    });
}

static struct json_object *
ws_opts(const struct vless_client *config)
{
    const char *host = config->ws->host != NULL ? config->ws->host : config->sni;

    return build_object((const struct member[]){
        {"path", build_text(config->ws->path)},
        {"headers", build_object((const struct member[]){{"Host", build_text(host)}, {NULL}})},
        {NULL},
    });
}

/* Over REALITY or over WebSocket, whichever the configuration has. */
static bool
vless(const struct schema *schema, const struct export_source *source, struct arena *arena,
    const char **text, struct err *err)
{
    struct vless_client config;

    if (!config_read(schema, source, arena, &config, err))
        return false;
    bool reality = config.reality != NULL;
    struct json_object *proxy = build_object((const struct member[]){
        {"name", build_text(form_title(source, arena))},
        {"type", build_text("vless")},
        {"server", build_text(config.server)},
        {"port", build_int(config.port)},
        {"udp", build_bool(true)},
        {"tfo", truth(config.client_options->tcp_fast_open)},
        {"uuid", build_text(config.uuid)},
        {"flow", build_text(config.flow)},
        {"packet-encoding", reality ? build_text("xudp") : NULL},
        {"network", build_text(reality ? "tcp" : "ws")},
        {"tls", build_bool(true)},
        {"servername", build_text(config.sni)},
        {"skip-cert-verify", reality ? NULL : truth(config.tls->insecure)},
        {"alpn", reality ? NULL : build_list_of(build_text("http/1.1"))},
        {"client-fingerprint", build_text("chrome")},
        {"reality-opts", reality ? reality_opts(config.reality) : NULL},
        {"ws-opts", reality ? NULL : ws_opts(&config)},
        {NULL},
    });
    return whole(source, config.local_socks, proxy, arena, text, err);
}

bool
mihomo_reality(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    return vless(&reality_export_schema, source, arena, text, err);
}

bool
mihomo_ws(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    return vless(&ws_export_schema, source, arena, text, err);
}

/* -- Hysteria2 ----------------------------------------------------------------------------- */

static struct json_object *
rate(int64_t mbps, struct arena *arena)
{
    return mbps == 0 ? NULL : build_text(arena_printf(arena, "%" PRId64 " Mbps", mbps));
}

bool
mihomo_hysteria(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct hysteria_client config;

    if (!config_read(&hysteria_export_schema, source, arena, &config, err))
        return false;
    struct json_object *proxy = build_object((const struct member[]){
        {"name", build_text(form_title(source, arena))},
        {"type", build_text("hysteria2")},
        {"server", build_text(config.server)},
        {"port", build_int(config.port)},
        {"password", build_text(part_auth(config.auth, arena))},
        {"sni", build_text(config.sni != NULL ? config.sni : config.server)},
        {"skip-cert-verify", truth(config.insecure)},
        {"fingerprint", build_text(part_pin(config.pin_sha256, arena))},
        {"alpn", build_list_of(build_text("h3"))},
        {"obfs", config.obfs == NULL ? NULL : build_text(config.obfs->type)},
        {"obfs-password", config.obfs == NULL ? NULL : build_text(config.obfs->password)},
        {"up", rate(config.up_mbps, arena)},
        {"down", rate(config.down_mbps, arena)},
        {NULL},
    });
    return whole(source, part_local(&config), proxy, arena, text, err);
}

/* -- WireGuard ----------------------------------------------------------------------------- */

/* The first address, without its mask. */
static struct json_object *
ip_of(const struct interface_part *interface, struct arena *arena)
{
    const char *address = *(const char *const *)interface->addresses.at;

    return build_text(arena_printf(arena, "%.*s", (int)strcspn(address, "/"), address));
}

bool
mihomo_wireguard(
    const struct export_source *source, struct arena *arena, const char **text, struct err *err)
{
    struct wireguard_client config;

    if (!config_read(&wireguard_export_schema, source, arena, &config, err))
        return false;
    const struct host_port at = part_endpoint(config.endpoint, arena);
    const struct list allowed = part_allowed_ips(&config.peer->allowed_ips, arena);
    bool has_dns = config.interface->dns.count > 0;
    struct json_object *proxy = build_object((const struct member[]){
        {"name", build_text(form_title(source, arena))},
        {"type", build_text("wireguard")},
        {"server", build_text(at.host)},
        {"port", build_int(at.port)},
        {"ip", ip_of(config.interface, arena)},
        {"private-key", build_text(config.interface->private_key)},
        {"public-key", build_text(config.peer->public_key)},
        {"pre-shared-key", build_text(config.peer->preshared_key)},
        {"allowed-ips", build_texts(&allowed)},
        {"udp", build_bool(true)},
        {"mtu", build_int(config.interface->mtu)},
        {"persistent-keepalive", build_int(config.peer->persistent_keepalive)},
        {"remote-dns-resolve", truth(has_dns)},
        {"dns", has_dns ? build_texts(&config.interface->dns) : NULL},
        {NULL},
    });
    return whole(source, &usual_socks, proxy, arena, text, err);
}
