#!/usr/bin/env bash
# A throw-away S3 server (moto) on 127.0.0.1, in the foreground until it is ended.  usage: moto.sh DIR PORT
# Any access key will do, and all data are in memory. Answers as Google Cloud Storage, too. Installed by install.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
cd "$1"
exec "$tools/moto/bin/python" "$here/moto_server.py" "$2"
