# The state folder of a run: where it lies, its ports, its copies of the programs, its secrets.

# -- the state folder --------------------------------------------------------------------------------

# A checkout below a folder that is closed to the owner, as /root is: the state lies elsewhere.
if [ -n "$owner" ] && [ ! -e "$link" ] && ! as_owner test -x "$root"; then
    STATE=/var/tmp/tracegate-$(printf %s "$link" | sha256sum | cut -c1-12)
    private_folder "$STATE"
    ln -s "$STATE" "$link"
    choose_run
    say "$owner cannot reach $root: the state lies in $STATE."
fi
[ ! -e "$STATE" ] || [ -d "$STATE" ] || die "$STATE is in the way: it is no folder."
mkdir -p "$STATE" || die "$STATE cannot be made."
for dir in bin share run env secrets units service log node-t bundles metrics tmp camouflage; do
    mkdir -p "$STATE/$dir"
done

if [ "$run" != "$STATE/run" ]; then
    private_folder "$run"
    [ -z "$owner" ] || chown "$owner" "$run"
fi

# -- ports -------------------------------------------------------------------------------------------

if [ -z "$running" ]; then
    for row in "PORT $PORT API" "AGENT_PORT $AGENT_PORT agent" \
        "DISPATCHER_METRICS_PORT $DISPATCHER_METRICS_PORT dispatcher's metrics" \
        "CAMOUFLAGE_PORT $CAMOUFLAGE_PORT camouflage site"; do
        set -- $row
        port_is_free tcp "$2" || die "Port $2 is taken, which the ${3} needs: make run $1=another."
    done
    if [ -z "${VLESS_REALITY_PORT:-}" ]; then
        VLESS_REALITY_PORT=443
        if ! port_is_free tcp 443 || [ "$(id -u)" != 0 ]; then
            VLESS_REALITY_PORT=4443
            say 'Port 443 cannot be bound here: REALITY listens on 4443 (VLESS_REALITY_PORT).'
        fi
    fi
    port_is_free tcp "$VLESS_REALITY_PORT" ||
        die "Port $VLESS_REALITY_PORT is taken, which REALITY needs: make run VLESS_REALITY_PORT=another."
    set -- PORT AGENT_PORT DISPATCHER_METRICS_PORT CAMOUFLAGE_PORT VLESS_REALITY_PORT
    for name; do eval "printf '%s=%s\n' $name \$$name"; done >"$STATE/ports"
fi
. "$STATE/ports" # a run that goes on keeps its ports
url=http://127.0.0.1:$PORT
printf %s "$url" >"$STATE/url"

# -- programs ----------------------------------------------------------------------------------------

changed=
install_program() { # install_program FILE NAME: a copy of our own, so that a build disturbs nobody
    cmp -s "$1" "$STATE/bin/$2" && return 0
    cp "$1" "$STATE/bin/.new"
    chmod 755 "$STATE/bin/.new"
    mv "$STATE/bin/.new" "$STATE/bin/$2"
    changed="$changed $2"
}
for program in "$build"/bin/*; do
    install_program "$program" "$(basename "$program")"
done
xray=
if [ "$NODE" = auto ] && [ -x "$root/build/peers/xray" ]; then
    install_program "$root/build/peers/xray" xray
    xray=$STATE/bin/xray
fi
give_capabilities() { # to unprivileged processes, the one that each needs; a change of owner takes them away
    [ "$(id -u)" = 0 ] || return 0
    [ -z "$xray" ] || setcap cap_net_bind_service+ep "$xray"
    setcap cap_net_admin+ep "$STATE/bin/tracegate-agent"
}
rm -rf "$STATE/share"
mkdir -p "$STATE/share"
cp -R "$root/sql" "$root/staticdata" "$root/chart/image/services" "$STATE/share/"

# -- secrets, once -----------------------------------------------------------------------------------

secret() { # secret NAME COMMAND...: made once, kept
    [ -s "$STATE/secrets/$1" ] && return 0
    name=$1
    shift
    "$@" >"$STATE/secrets/.new"
    mv "$STATE/secrets/.new" "$STATE/secrets/$name"
}
base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
random() { head -c "$1" /dev/urandom | base64url; }
key_pair() { # the raw keys are the last 32 bytes of their DER forms (RFC 8410)
    openssl genpkey -algorithm X25519 -outform DER -out "$STATE/secrets/.x25519"
    tail -c 32 "$STATE/secrets/.x25519" | base64url >"$STATE/secrets/reality_private_key"
    openssl pkey -inform DER -in "$STATE/secrets/.x25519" -pubout -outform DER | tail -c 32 | base64url
    rm "$STATE/secrets/.x25519"
}
secret api_internal_token random 32
secret pseudonym_secret random 32
secret agent_auth_token random 32
secret reality_public_key key_pair
secret reality_short_id openssl rand -hex 8
if [ ! -s "$STATE/camouflage/site.crt" ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=localhost \
        -keyout "$STATE/camouflage/site.key" -out "$STATE/camouflage/site.crt" 2>/dev/null
fi

