#!/usr/bin/env bash
# A throw-away Xandikos on https://127.0.0.1, in the foreground until it is ended.  usage: xandikos.sh DIR PORT [MORE…]
# Users alice/alice-pw and bob/bob-pw, whose accounts are empty. All data lie below DIR. Installed by install.sh.
# It checks passwords itself only over https: DIR/state/certs/selfsigned.crt is the `ca_file` to trust.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
dir=$1 port=$2
mkdir -p "$dir/store" "$dir/state/certs"
"$tools/xandikos/bin/python" "$here/credentials.py" "$dir/users" "$dir/state/certs"
exec "$tools/xandikos/bin/python" -m xandikos multi-user --autocert --htpasswd "$dir/users" \
  -d "$dir/store" --state-dir "$dir/state" --no-detect-systemd -l 127.0.0.1 -p "$port" "${@:3}"
