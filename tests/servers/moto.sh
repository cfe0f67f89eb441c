#!/usr/bin/env bash
# A throw-away S3 (moto) on 127.0.0.1 that keeps everything in memory, in the foreground until it is ended.
# usage: moto.sh DIR PORT    (nothing is written to DIR). It takes any key; a bucket must be made first. Installed by install.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
port=$2
exec "$tools/moto/bin/python" -m moto.server -H 127.0.0.1 -p "$port"
