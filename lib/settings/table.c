#include "settings/table.h"

static const char *const app_envs[] = {[APP_ENV_DEV] = "dev", [APP_ENV_PROD] = "prod", NULL};
static const char *const entry_modes[] = {
    [ENTRY_TCP_FORWARD] = "tcpForward", [ENTRY_XRAY] = "xray", NULL};
static const char *const token_modes[] = {
    [TOKEN_DERIVED] = "derived", [TOKEN_SHARED] = "shared", NULL};

static const struct field id_item = {.type = FIELD_INT, .min = 1, .max = INT64_MAX};
static const struct field suffix_item = {.type = FIELD_TEXT, .min = 1, .max = 253};

enum {
    H = PROGRAM_HANDLER | PROGRAM_AUTH,
    D = PROGRAM_DISPATCHER,
    A = PROGRAM_AGENT,
    I = PROGRAM_INIT_DB,
    ALL = H | D | A | I,
    TEXT_MAX = 4096
};

/* clang-format off */
#define S_TEXT(member)            F_TEXT(struct settings, member, F_OPTIONAL, 0, TEXT_MAX)
#define S_SECRET(member, min)     F_TEXT(struct settings, member, F_OPTIONAL, min, TEXT_MAX)
#define S_INT(member, min, max)   F_INT(struct settings, member, F_OPTIONAL, min, max)
#define S_BOOL(member)            F_BOOL(struct settings, member, F_OPTIONAL)
#define S_ENUM(member, words)     F_ENUM(struct settings, member, F_OPTIONAL, words)
#define S_LIST(member, item)      F_LIST(struct settings, member, F_OPTIONAL, item, 0)
#define S_KEY(member)             F_MATCH(struct settings, member, F_OPTIONAL, 43, "^([A-Za-z0-9_-]{43})?$")
#define S_SHORT_ID(member)        F_MATCH(struct settings, member, F_OPTIONAL, 16, "^([0-9a-f]{2}){0,8}$")

const struct setting settings_table[] = {
    {"APP_ENV", S_ENUM(app_env, app_envs), "dev", 0, ALL, "dev or prod; dev allows the token change-me"},
    {"LOG_LEVEL", F_MATCH(struct settings, log_level, F_OPTIONAL, 8, "^(DEBUG|INFO|WARNING|ERROR)$"), "INFO", 0, ALL, "DEBUG, INFO, WARNING or ERROR"},
    {"DATABASE_URL", S_TEXT(database_url), "", SECRET | REQUIRED, H | D | I, "PostgreSQL, as libpq takes it"},

    {"API_INTERNAL_TOKEN", S_SECRET(api_internal_token, 16), "", SECRET | REQUIRED, PROGRAM_AUTH, "the bootstrap token, at least 16 characters"},
    {"SUPERADMIN_TELEGRAM_IDS", S_LIST(superadmin_telegram_ids, &id_item), "[]", 0, H | I, "who is superadmin, a JSON list of numbers"},
    {"PSEUDONYM_SECRET", S_SECRET(pseudonym_secret, 32), "", SECRET | REQUIRED, H | D, "makes the pseudonyms, at least 32 characters; never change it"},
    {"BUNDLE_ROOT", S_TEXT(bundle_root), "bundles", 0, H, "folder of the rendered bundles"},
    {"SNI_CATALOG", S_TEXT(sni_catalog), "staticdata/sni_catalog.yaml", 0, H, "the catalogue of camouflage names"},
    {"REALITY_SNI_ALLOW_SUFFIXES", S_LIST(reality_sni_allow_suffixes, &suffix_item), "[]", 0, H, "names that REALITY may use, a JSON list: .x is a suffix, x is x or below"},
    {"DEFAULT_VPS_T_HOST", S_TEXT(default_vps_t_host), "vps-t.example.com", 0, H, "host in links while no VPS_T node is active"},
    {"DEFAULT_VPS_E_HOST", S_TEXT(default_vps_e_host), "vps-e.example.com", 0, H, "host in links while no VPS_E node is active"},
    {"REALITY_PUBLIC_KEY", S_KEY(reality_public_key), "", 0, H, "REALITY's public key, base64url"},
    {"REALITY_SHORT_ID", S_SHORT_ID(reality_short_id), "", 0, H, "REALITY's short id, up to 16 hex digits"},
    {"REALITY_PUBLIC_KEY_VPS_T", S_KEY(reality_public_key_vps_t), "", 0, H, "the same for VPS_T; empty: REALITY_PUBLIC_KEY"},
    {"REALITY_SHORT_ID_VPS_T", S_SHORT_ID(reality_short_id_vps_t), "", 0, H, "the same for VPS_T; empty: REALITY_SHORT_ID"},
    {"REALITY_PUBLIC_KEY_VPS_E", S_KEY(reality_public_key_vps_e), "", 0, H, "the same for VPS_E; empty: REALITY_PUBLIC_KEY"},
    {"REALITY_SHORT_ID_VPS_E", S_SHORT_ID(reality_short_id_vps_e), "", 0, H, "the same for VPS_E; empty: REALITY_SHORT_ID"},
    {"REVISION_UNDO_SECONDS", S_INT(revision_undo_seconds, 0, 2592000), "3600", 0, H | D, "how long a revoked revision can be activated again"},
    {"ENTRY_MODE", S_ENUM(entry_mode, entry_modes), "tcpForward", 0, H | D | A, "tcpForward or xray: what VPS_E does with chains"},
    {"VLESS_REALITY_PORT", S_INT(vless_reality_port, 1, 65535), "443", 0, H | A, "for local runs; production keeps 443"},
    {"VLESS_WS_PATH", F_MATCH(struct settings, vless_ws_path, F_OPTIONAL, 255, "^/[!-~]*$"), "/ws", 0, H, "path of the WebSocket inbounds"},
    {"VLESS_WS_TLS_PORT", S_INT(vless_ws_tls_port, 1, 65535), "443", 0, H, "where clients reach the WebSocket inbounds"},
    {"HYSTERIA_PORT", S_INT(hysteria_port, 1, 65535), "443", 0, H | A, "for local runs; production keeps 443"},
    {"HYSTERIA_PIN_SHA256", F_MATCH(struct settings, hysteria_pin_sha256, F_OPTIONAL, 64, "^([0-9a-f]{64})?$"), "", 0, H, "SHA-256 of Hysteria's certificate, hex, when it is self-signed: clients trust that one alone"},
    {"WIREGUARD_PORT", S_INT(wireguard_port, 1, 65535), "51820", 0, H | A, "for local runs; production keeps 51820"},
    {"WIREGUARD_SERVER_PUBLIC_KEY", F_MATCH(struct settings, wireguard_server_public_key, F_OPTIONAL, 44, "^([A-Za-z0-9+/]{43}=)?$"), "", 0, H, "WireGuard's public key of VPS_T, base64"},
    {"METRICS_DIR", S_TEXT(metrics_dir), "", 0, H, "folder of the counters that workers share; empty: none are kept"},

    {"DISPATCHER_POLL_SECONDS", S_INT(dispatcher_poll_seconds, 1, 60), "1", 0, D, "how often the log is looked at unasked"},
    {"DISPATCHER_BATCH_SIZE", S_INT(dispatcher_batch_size, 1, 512), "512", 0, D, "most events in one request to a node"},
    {"DISPATCHER_LOCK_TTL_SECONDS", S_INT(dispatcher_lock_ttl_seconds, 2, 60), "5", 0, D, "how long a lease on a node lasts"},
    {"DISPATCHER_MAX_ATTEMPTS", S_INT(dispatcher_max_attempts, 1, 1000), "25", 0, D, "comparisons that may fail before a key is dead"},
    {"DISPATCHER_CONCURRENCY", S_INT(dispatcher_concurrency, 1, 256), "64", 0, D, "most nodes in work at once"},
    {"DISPATCHER_METRICS_ENABLED", S_BOOL(dispatcher_metrics_enabled), "true", 0, D, "whether /metrics, /live and /ready are served"},
    {"DISPATCHER_METRICS_HOST", S_TEXT(dispatcher_metrics_host), "127.0.0.1", 0, D, "where they are served"},
    {"DISPATCHER_METRICS_PORT", S_INT(dispatcher_metrics_port, 1, 65535), "9091", 0, D, "at which port"},
    {"DISPATCHER_CLIENT_CERT", S_TEXT(dispatcher_client_cert), "", 0, D, "client certificate for the nodes, a PEM file"},
    {"DISPATCHER_CLIENT_KEY", S_TEXT(dispatcher_client_key), "", 0, D, "its key, a PEM file"},
    {"DISPATCHER_CA_CERT", S_TEXT(dispatcher_ca_cert), "", 0, D, "who signs the nodes' certificates, a PEM file"},

    {"AGENT_AUTH_TOKEN", S_SECRET(agent_auth_token, 16), "", SECRET | REQUIRED, D | A | I, "control plane: the master of all nodes' tokens; node: its own"},
    {"AGENT_TOKEN_MODE", S_ENUM(agent_token_mode, token_modes), "derived", 0, D | I, "derived, or shared for old installations"},
    {"AGENT_HOST", S_TEXT(agent_host), "0.0.0.0", 0, A, "where the agent listens"},
    {"AGENT_PORT", S_INT(agent_port, 1, 65535), "8070", 0, A, "at which port"},
    {"AGENT_ROLE", F_MATCH(struct settings, agent_role, F_OPTIONAL, 5, "^(VPS_T|VPS_E)?$"), "", REQUIRED, A, "VPS_T or VPS_E"},
    {"AGENT_NAME", S_TEXT(agent_name), "", 0, A, "the node's name, as it is registered"},
    {"AGENT_DATA_ROOT", S_TEXT(agent_data_root), "/var/lib/tracegate-agent", REQUIRED, A, "folder of the agent's state"},
    {"AGENT_DRY_RUN", S_BOOL(agent_dry_run), "false", 0, A, "keep the state, touch no gateway"},
    {"AGENT_ALLOW_PLAINTEXT", S_BOOL(agent_allow_plaintext), "false", 0, A, "listen without TLS beyond loopback"},
    {"AGENT_SERVER_CERT", S_TEXT(agent_server_cert), "", 0, A, "the agent's certificate, a PEM file"},
    {"AGENT_SERVER_KEY", S_TEXT(agent_server_key), "", 0, A, "its key, a PEM file"},
    {"AGENT_CA_CERT", S_TEXT(agent_ca_cert), "", 0, A, "who signs clients' certificates; set: one is required"},
    {"AGENT_XRAY_API_ENABLED", S_BOOL(agent_xray_api_enabled), "true", 0, A, "change users over gRPC instead of restarting Xray"},
    {"AGENT_XRAY_API_SERVER", S_TEXT(agent_xray_api_server), "", 0, A, "a socket's path or host:port; empty: run/xray-api.sock in the data root"},
    {"AGENT_XRAY_API_TIMEOUT_SECONDS", S_INT(agent_xray_api_timeout_seconds, 1, 60), "3", 0, A, "deadline of one call"},
    {"AGENT_XRAY_API_PREFIX", F_MATCH(struct settings, agent_xray_api_prefix, F_OPTIONAL, 32, "^([a-z0-9.]+[.])?$"), "xray.", 0, A, "how the services' names begin"},
    {"AGENT_XRAY_WEBHOOK_SOCKET", S_TEXT(agent_xray_webhook_socket), "", 0, A, "where Xray reports connections; empty: run/xray-hook.sock in the data root"},
    {"AGENT_XRAY_BIN", S_TEXT(agent_xray_bin), "", 0, A, "the xray program, to test files with; empty: they are not tested"},
    {"AGENT_RELOAD_XRAY_CMD", S_TEXT(agent_reload_xray_cmd), "", 0, A, "restarts Xray; words as a shell splits them, but no shell"},
    {"AGENT_APPLY_WAIT_MS", S_INT(agent_apply_wait_ms, 0, 10000), "250", 0, A, "how long a batch waits for its changes to be read back"},
    {"AGENT_COMPONENTS", F_MATCH(struct settings, agent_components, F_OPTIONAL, 64, "^([a-z]+(,[a-z]+)*)?$"), "", 0, A, "what this node runs, comma separated; empty: all of its role"},
    {"AGENT_RECONCILE_SECONDS", S_INT(agent_reconcile_seconds, 1, 3600), "60", 0, A, "how often gateways are compared in full"},
    {"AGENT_METRICS_SECONDS", S_INT(agent_metrics_seconds, 1, 3600), "5", 0, A, "how often counters are read from the gateways"},
};

const struct foreign settings_elsewhere[] = {
    {"API_HOST", "0.0.0.0", "where nginx listens"},
    {"API_PORT", "8080", "at which port"},
    {"API_TLS_CERT", "", "nginx's certificate, a PEM file"},
    {"API_TLS_KEY", "", "its key, a PEM file"},
    {"TRUSTED_PROXIES", "", "whose X-Forwarded-For nginx believes"},
    {"RATE_PER_TOKEN", "2000", "requests a second with one token"},
    {"RATE_PER_ADDRESS", "20", "requests a second of one address without a valid token"},
    {"WORKERS", "2", "of each handler; WORKERS_AUTH and WORKERS_REVISIONS are 4"},
    {"REALITY_PRIVATE_KEY_VPS_T", "", "VPS_T's REALITY key, for its bundle"},
    {"REALITY_DEST", "", "the site that REALITY shows to strangers, host:port"},
};
/* clang-format on */

const size_t settings_elsewhere_count = COUNT(settings_elsewhere);
const size_t settings_count = COUNT(settings_table);

const char *const settings_ignored[] = {"GRAFANA_ADMIN_USER", "GRAFANA_ADMIN_PASSWORD",
    "DISPATCHER_HOST", "DISPATCHER_PORT", "AGENT_RUNTIME_MODE", "AGENT_RELOAD_HYSTERIA_CMD",
    "AGENT_RELOAD_WG_CMD", "REALITY_PRIVATE_KEY_VPS_E", NULL};
