#!/usr/bin/env bash
# Makes a small vault of today's format, and says what is in it.  usage: make.sh FOLDER DAVAULT PYTHON
# FOLDER (tests/format/VERSION) must not be there: what a version wrote is never made anew. DAVAULT is the program, PYTHON one
# with what tests/reader needs. The contents follow from a seed; keys, ids and times are new each time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=$1 davault=$(realpath "$2") python=$(realpath -s "$3")
[ ! -e "$folder" ] || { echo "$folder is there already" >&2; exit 1; }
mkdir -p "$folder"
folder=$(realpath "$folder")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work XDG_CONFIG_HOME=$work/config XDG_CACHE_HOME=$work/cache XDG_STATE_HOME=$work/state
export DAVAULT_PASSPHRASE='a passphrase for this vault' TZ=UTC
cd "$folder"
printf '%s\n' "$DAVAULT_PASSPHRASE" > passphrase.txt
printf 'the bytes of a key file\n' > key
vault() { "$davault" at vault "$@"; }

vault create --quiet -key-memory 8 2> "$work/said"
DAVAULT_NEW_PASSPHRASE='' vault key add --quiet -new-keyfile key -label 'a key file' -key-memory 8

# Enough backups for index files to be merged, and one that is removed.
for day in $(seq 0 16); do
  "$python" "$here/contents.py" "$work/account" "$day"
  (cd "$work" && "$davault" at "$folder/vault" backup --quiet ./account)
done
sixth=$(vault ls | sed -n 6p | cut -d ' ' -f 1)
vault rm --quiet "$sixth"
vault prune --quiet

for id in $(vault ls --json | "$python" -c 'import json, sys; print(*(json.loads(line)["id"] for line in sys.stdin))'); do
  rm -rf "$work/read"
  "$python" "$here/../reader/reader.py" vault "$id" "$work/read" > /dev/null
  printf 'snapshot %s\n' "$id"
  (cd "$work/read" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sed 's|  \./|  /|')
done > expected.txt
