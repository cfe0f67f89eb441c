#!/usr/bin/env bash
# emersion/go-webdav with all data in memory, on 127.0.0.1, in the foreground until it is ended.  usage: gowebdav.sh DIR PORT
# A poor server: no sync-collection, no getctag, no PROPPATCH, and it writes every item anew. Users alice/alice-pw and bob/bob-pw.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec "${SRVTOOLS:-$here/../../target/tools}/gowebdav/gowebdav" "127.0.0.1:$2"
