# What each program is told, and the files of nginx and of the bundle.

# -- environments ------------------------------------------------------------------------------------

# Each folder is made anew, so that what is no longer said is no longer there, and takes the place of the
# one in use when it differs.
rm -rf "$STATE/tmp/env"
set_env() { # set_env FOLDER NAME VALUE
    mkdir -p "$STATE/tmp/env/$1"
    printf '%s' "$3" >"$STATE/tmp/env/$1/$2"
}
use_env() { # use_env FOLDER
    if ! diff -rq "$STATE/tmp/env/$1" "$STATE/env/$1" >/dev/null 2>&1; then
        rm -rf "$STATE/env/$1"
        mv "$STATE/tmp/env/$1" "$STATE/env/$1"
        changed="$changed env:$1"
    fi
}
for env in api auth dispatcher init agent; do
    set_env $env APP_ENV dev
    [ "$env" = agent ] || {
        set_env $env DATABASE_URL "${DATABASE_URL:-host=$run dbname=tracegate user=${owner:-$(id -un)}}"
        set_env $env PSEUDONYM_SECRET_FILE "$STATE/secrets/pseudonym_secret"
    }
done
for env in api auth; do
    set_env $env VLESS_REALITY_PORT "$VLESS_REALITY_PORT"
    set_env $env REALITY_PUBLIC_KEY "$(cat "$STATE/secrets/reality_public_key")"
    set_env $env REALITY_SHORT_ID "$(cat "$STATE/secrets/reality_short_id")"
    set_env $env SNI_CATALOG "$STATE/share/staticdata/sni_catalog.yaml"
    set_env $env BUNDLE_ROOT "$STATE/bundles"
    set_env $env METRICS_DIR "$STATE/metrics"
done
set_env auth API_INTERNAL_TOKEN_FILE "$STATE/secrets/api_internal_token"
set_env init AGENT_AUTH_TOKEN_FILE "$STATE/secrets/agent_auth_token"
set_env dispatcher AGENT_AUTH_TOKEN_FILE "$STATE/secrets/agent_auth_token"
set_env dispatcher DISPATCHER_METRICS_PORT "$DISPATCHER_METRICS_PORT"
if [ -f "$root/.env" ]; then # the operator's own settings come last; blank lines and comments are none
    while read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) continue ;; esac
        for env in api auth dispatcher init; do set_env $env "${line%%=*}" "${line#*=}"; done
    done <"$root/.env"
fi
for env in api auth dispatcher init; do use_env $env; done

node_token() { chpst -e "$STATE/env/init" "$STATE/bin/tracegate-init-db" --agent-token vps-t-1; }
secret node_t_token node_token
api_socket=$run/xray-api.sock
hook_socket=$run/xray-hook.sock
set_env agent AGENT_AUTH_TOKEN_FILE "$STATE/secrets/node_t_token"
set_env agent AGENT_ROLE VPS_T
set_env agent AGENT_NAME vps-t-1
set_env agent AGENT_HOST 127.0.0.1
set_env agent AGENT_PORT "$AGENT_PORT"
set_env agent AGENT_DATA_ROOT "$STATE/node-t"
set_env agent AGENT_COMPONENTS xray,bundle
set_env agent AGENT_XRAY_API_SERVER "$api_socket"
set_env agent AGENT_XRAY_WEBHOOK_SOCKET "$hook_socket"
set_env agent VLESS_REALITY_PORT "$VLESS_REALITY_PORT"
if [ -n "$xray" ]; then
    set_env agent AGENT_XRAY_BIN "$xray"
    set_env agent AGENT_RELOAD_XRAY_CMD "sv -w 10 restart $STATE/service/xray"
    set_env agent AGENT_DRY_RUN false
else
    set_env agent AGENT_DRY_RUN true
fi
use_env agent

# -- files of nginx and the bundle -------------------------------------------------------------------

sum() { cat "$1"/* 2>/dev/null | sha256sum; }
before=$(sum "$STATE/nginx")
chpst -e "$STATE/env/api" env RUN="$run" API_PORT="$PORT" "$root/nginx/render" "$build/nginx" "$STATE/nginx"
[ "$before" = "$(sum "$STATE/nginx")" ] || changed="$changed nginx"
sed "s|@STATE@|$STATE|g; s|@RUN@|$run|g; s|@PORT@|$CAMOUFLAGE_PORT|g" "$root/nginx/camouflage.conf.in" >"$STATE/camouflage/nginx.conf"
cat >"$STATE/tmp/bundle.env" <<BUNDLE
VLESS_REALITY_PORT=$VLESS_REALITY_PORT
REALITY_PRIVATE_KEY_VPS_T=$(cat "$STATE/secrets/reality_private_key")
REALITY_SHORT_ID_VPS_T=$(cat "$STATE/secrets/reality_short_id")
REALITY_DEST=127.0.0.1:$CAMOUFLAGE_PORT
BLOCKED_RANGES=169.254.0.0/16
NODE_ADDRESSES=192.0.2.0/24
XRAY_API_SOCKET=$api_socket
XRAY_WEBHOOK_SOCKET=$hook_socket
BUNDLE
"$root/chart/scripts/render_bundles.sh" "$STATE/tmp/bundle.env" "$STATE/bundles" >/dev/null
rm "$STATE/tmp/bundle.env"
[ -z "$owner" ] || chown -hR "$owner:" "$STATE"
give_capabilities

