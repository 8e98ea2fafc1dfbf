# What run, stop, status and logs share. STATE is where everything of this run lives; it is made by run.
: "${STATE:=.state}"

say() { printf '%s\n' "$*"; }
die() { # one sentence, status 1
    printf '%s\n' "$*" >&2
    exit 1
}

root=$(cd "$(dirname "$0")/../.." && pwd -P)
: "${PORT:=$(sed -n 's/^API_PORT=//p' "$root/.env" 2>/dev/null)}" "${PORT:=8080}"
case $STATE in /*) ;; *) STATE=$root/$STATE ;; esac
link=$STATE
STATE=$(readlink -m "$STATE") # a link where the owner could not reach the checkout: see run

# As root everything runs as the owner of the checkout, or as nobody: PostgreSQL refuses root, and a
# gateway needs no more than two capabilities.
owner=
if [ "$(id -u)" = 0 ]; then
    owner=$(stat -c %U "$root")
    [ "$owner" != root ] && [ "$owner" != UNKNOWN ] || owner=nobody
fi
be_owner= # the words that a command of his begins with
[ -z "$owner" ] ||
    be_owner="setpriv --reuid=$owner --regid=$(id -g "$owner") --clear-groups --inh-caps=-all --"
as_owner() { $be_owner "$@"; }

# A folder in a place that everybody may write to: ours alone, and not what somebody laid there.
private_folder() {
    mkdir -m 700 "$1" 2>/dev/null || { [ -d "$1" ] && [ ! -L "$1" ]; } || die "$1 cannot be made."
    case $(stat -c %U "$1") in
    "$(id -un)" | "$owner") ;;
    *) die "$1 belongs to somebody else." ;;
    esac
}

# Where the sockets are: a unix socket's name has 108 bytes.
choose_run() {
    run=$STATE/run
    [ ${#run} -le 80 ] || run=/tmp/tracegate-$(printf %s "$STATE" | sha256sum | cut -c1-12)
}
choose_run

# The pid of our runsvdir; empty when it does not run. A pid file that outlived it counts as nothing.
supervisor() {
    pid=$(cat "$STATE/runsvdir.pid" 2>/dev/null) || return 0
    tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "runsvdir -P $STATE/service" && echo "$pid" || true
}

# Services whose runsvdir was killed go on under their own supervisors, which nobody could reach.
end_leftovers() {
    for unit in "$STATE"/service/*; do
        [ -e "$unit/supervise/ok" ] || continue
        sv status "$unit" 2>/dev/null | grep -qE '^(run|down|finish):' || continue
        SVWAIT=20 sv force-shutdown "$unit" >/dev/null || true
    done
}

# A port that nobody listens on. By the kernel's table, so that no connection is made.
port_is_free() { # port_is_free tcp|udp PORT
    hex=$(printf '%04X' "$2")
    state='0A'
    [ "$1" = tcp ] || state='07'
    ! awk -v p=":$hex\$" -v s="$state" '$2 ~ p && $4 == s { found = 1 } END { exit !found }' \
        "/proc/net/$1" "/proc/net/${1}6" 2>/dev/null
}

api() { # api METHOD PATH [BODY]: the answer's body; fails on an error, with its sentence on stderr
    token=$(cat "$STATE/secrets/api_internal_token")
    printf 'header = "x-api-token: %s"\n' "$token" |
        curl -sS --max-time 10 -K - -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} \
            -o "$STATE/tmp/answer" -w '%{http_code}' "$(cat "$STATE/url")$2" >"$STATE/tmp/status" || return 1
    case $(cat "$STATE/tmp/status") in
    2*) cat "$STATE/tmp/answer" ;;
    *)
        printf '%s %s: %s\n' "$1" "$2" "$(cat "$STATE/tmp/answer")" >&2
        return 1
        ;;
    esac
}

wait_until() { # wait_until SECONDS WHAT COMMAND...
    deadline=$(($(date +%s) + $1))
    what=$2
    shift 2
    until "$@"; do
        [ "$(date +%s)" -lt "$deadline" ] || die "$what did not happen in time; see $STATE/log"
        sleep 0.05
    done
}
