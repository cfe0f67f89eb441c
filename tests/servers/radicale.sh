#!/usr/bin/env bash
# A throw-away Radicale on 127.0.0.1, in the foreground until it is ended.  usage: radicale.sh DIR PORT
# Users alice/alice-pw and bob/bob-pw, whose accounts are empty. All data lie below DIR. Installed by install.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
dir=$1 port=$2
mkdir -p "$dir/store"
printf 'alice:alice-pw\nbob:bob-pw\n' > "$dir/users"
# `delay` would hold back the answer to a wrong password by a second.
cat > "$dir/config" <<C
[server]
hosts = 127.0.0.1:$port
max_connections = 64
[auth]
type = htpasswd
htpasswd_filename = $dir/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = $dir/store
[logging]
level = warning
C
exec "$tools/radicale/bin/python" -m radicale --config "$dir/config"
