#!/bin/sh
# render_bundles.sh ENV_FILE OUT_DIR: the bundles with their tokens filled, as the API's BUNDLE_ROOT.
#
# ENV_FILE has lines NAME=value; the names, what each must look like and its default are in
# bundles/tokens.yaml. REALITY_SERVER_NAMES is made from the enabled names of the catalogue (SNI_CATALOG,
# else the shipped one) unless it is given. Nothing is written unless everything is right.
# Exit: 0 done, 1 a token or file is wrong (all are named), 64 wrong usage.
set -eu
case ${1:-} in --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac
[ $# = 2 ] && [ -f "$1" ] || { sed -n '2,2s/^# //p' "$0" >&2; exit 64; }
root=$(cd "$(dirname "$0")/../.." && pwd -P)
env_file=$1
out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

value_of() { sed -n "s/^$1=//p" "$env_file" | tail -n 1; }

# One entry of tokens.yaml per line: name, pattern and default.
sed -n "s/^- {token: \([A-Z_]*\), pattern: '\([^']*\)', default: '\([^']*\)',.*/\1	\2	\3/p" \
    "$root/bundles/tokens.yaml" >"$work/tokens"

catalog=$(value_of SNI_CATALOG)
names=$(awk '
    function entry() { if (name != "" && !off) print name; name = ""; off = 0 }
    { sub(/(^|[ \t])#.*/, "") }
    match($0, /^ *- /) { if (indent == "") indent = RLENGTH; if (RLENGTH == indent) entry() }
    match($0, /(^|[ ,{])fqdn: *[^ ,}]+/) { name = substr($0, RSTART, RLENGTH); sub(/.*fqdn: */, "", name); gsub(/["\047]/, "", name) }
    /(^|[ ,{])enabled: *false/ { off = 1 }
    END { entry() }' "${catalog:-$root/staticdata/sni_catalog.yaml}" | paste -sd, -)

quoted() { # a, b  ->  "a", "b"
    printf '%s' "$1" | tr -d ' ' | sed 's/[^,][^,]*/"&"/g; s/,/, /g'
}

bad=0
: >"$work/fill"
while IFS='	' read -r token pattern default; do
    value=$(value_of "$token")
    [ -n "$value" ] || value=$default
    [ "$token" != REALITY_SERVER_NAMES ] || [ -n "$value" ] || value=$names
    if ! printf '%s' "$value" | grep -qE "$pattern"; then
        echo "$token: missing, or not of the form $pattern" >&2
        bad=1
    fi
    case $token in BLOCKED_RANGES | NODE_ADDRESSES | REALITY_SERVER_NAMES) value=$(quoted "$value") ;; esac
    printf 's|@@%s@@|%s|g\n' "$token" "$value" >>"$work/fill"
done <"$work/tokens"
[ $bad = 0 ] || exit 1

for bundle in "$root"/bundles/*/; do
    name=$(basename "$bundle")
    (cd "$bundle" && find . -type f) | while read -r file; do
        mkdir -p "$work/out/$name/$(dirname "$file")"
        sed -f "$work/fill" "$bundle$file" >"$work/out/$name/$file"
    done
done
if grep -rnoE '@@[A-Z_]+@@|REPLACE_|CHANGE_ME_|bootstrap-password' "$work/out" >"$work/left"; then
    sed "s|^$work/out/||" "$work/left" >&2
    exit 1
fi
mkdir -p "$out"
cp -R "$work/out/." "$out/"
