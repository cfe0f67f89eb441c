#!/usr/bin/env bash
# A throw-away Azurite (Azure blobs) on 127.0.0.1, in the foreground until it is ended.  usage: azurite.sh DIR PORT
# Its account and key are those that every Azurite has. All data lie below DIR. Installed by install-azurite.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
exec node "$tools/azurite/node_modules/azurite/dist/src/blob/main.js" --blobHost 127.0.0.1 --blobPort "$2" --location "$1" \
  --silent --skipApiVersionCheck --disableTelemetry
