/*
 * Settings: one table says what every program can be told by its environment: name, kind, default,
 * whether it is a secret, and which programs read it. The table prints --help, refuses what is
 * unknown or malformed, and is the only place that reads the environment.
 *
 *     struct settings settings;
 *
 *     if (!settings_load(&settings, PROGRAM_HANDLER, arena, &faults))
 *         ... faults has one line per fault; exit 78 (EX_CONFIG)
 *
 * The member of a setting is its name in lower case: REALITY_SHORT_ID is reality_short_id. Any
 * setting X may be given as X_FILE instead: the file's content without its final newline.
 */
#ifndef TG_SETTINGS_SETTINGS_H
#define TG_SETTINGS_SETTINGS_H

#include "schema/schema.h"

/* Which programs read a setting. */
enum program {
    PROGRAM_HANDLER = 1 << 0,
    PROGRAM_AUTH = 1 << 1, /* the handler that knows the bootstrap token */
    PROGRAM_DISPATCHER = 1 << 2,
    PROGRAM_AGENT = 1 << 3,
    PROGRAM_INIT_DB = 1 << 4,
};

enum entry_mode {
    ENTRY_TCP_FORWARD,
    ENTRY_XRAY
};

enum app_env {
    APP_ENV_DEV,
    APP_ENV_PROD
};

enum token_mode {
    TOKEN_DERIVED,
    TOKEN_SHARED
};

/* Texts are "" when they are not set. */
struct settings {
    int app_env;           /* enum app_env */
    const char *log_level; /* DEBUG INFO WARNING ERROR */
    const char *database_url;

    /* the API */
    const char *api_internal_token;
    struct list superadmin_telegram_ids; /* int64_t */
    const char *pseudonym_secret;
    const char *bundle_root;
    const char *sni_catalog;
    struct list reality_sni_allow_suffixes; /* const char * */
    const char *default_vps_t_host;
    const char *default_vps_e_host;
    const char *reality_public_key, *reality_short_id;
    const char *reality_public_key_vps_t, *reality_short_id_vps_t;
    const char *reality_public_key_vps_e, *reality_short_id_vps_e;
    int64_t revision_undo_seconds;
    int entry_mode; /* enum entry_mode */
    int64_t vless_reality_port;
    const char *vless_ws_path;
    int64_t vless_ws_tls_port;
    int64_t hysteria_port;
    const char *hysteria_pin_sha256; /* of a certificate that nobody has signed; "" for another */
    int64_t wireguard_port;
    const char *wireguard_server_public_key;
    const char *metrics_dir;

    /* the dispatcher */
    int64_t dispatcher_poll_seconds;
    int64_t dispatcher_batch_size;
    int64_t dispatcher_lock_ttl_seconds;
    int64_t dispatcher_max_attempts;
    int64_t dispatcher_concurrency;
    bool dispatcher_metrics_enabled;
    const char *dispatcher_metrics_host;
    int64_t dispatcher_metrics_port;
    const char *dispatcher_client_cert, *dispatcher_client_key, *dispatcher_ca_cert;

    /* the agent */
    const char *agent_auth_token; /* the control plane's master, or the node's own */
    int agent_token_mode;         /* enum token_mode */
    const char *agent_host;
    int64_t agent_port;
    const char *agent_role; /* VPS_T or VPS_E */
    const char *agent_name; /* of the node, as it is registered */
    const char *agent_data_root;
    bool agent_dry_run;
    bool agent_allow_plaintext;
    const char *agent_server_cert, *agent_server_key, *agent_ca_cert;
    bool agent_xray_api_enabled;
    const char *agent_xray_api_server; /* a socket's path, or host:port */
    int64_t agent_xray_api_timeout_seconds;
    const char *agent_xray_api_prefix;
    const char *agent_xray_webhook_socket;
    const char *agent_xray_bin; /* for `run -test` */
    const char *agent_reload_xray_cmd;
    int64_t agent_apply_wait_ms;
    const char *agent_components; /* comma separated; "" is all of the role */
    int64_t agent_reconcile_seconds;
    int64_t agent_metrics_seconds;
};

/* Faults, one line each, name the setting and what it wants, never its value. False when there
 * are any. The texts live in the arena. */
bool settings_load(struct settings *settings, enum program program, struct arena *arena,
    const char **faults) MUST_CHECK;

/* A table of the program's settings with default and meaning, on stdout. */
void settings_help(enum program program);

/* The settings of all programs as .env.example, on stdout. */
void settings_example(void);

#endif
