#!/usr/bin/env bash
# Calypso (Debian; an old fork of Radicale that keeps its items in git) on 127.0.0.1, in the foreground until it is ended.
# usage: calypso.sh DIR PORT      Users alice/alice-pw and bob/bob-pw. It can't make calendars: private/USER/{cal,book} are made here.
set -euo pipefail
dir=$1 port=$2
conf=$dir/.config/calypso
mkdir -p "$conf/calendars"
for user in alice bob; do
  printf '%s:{SHA}%s\n' $user "$(printf '%s-pw' $user | openssl dgst -sha1 -binary | base64)" >> "$conf/htpasswd"
  for collection in cal:is-calendar book:is-addressbook; do
    folder=$conf/calendars/private/$user/${collection%:*}
    mkdir -p "$folder"
    printf '[collection]\n%s = 1\n' "${collection#*:}" > "$folder/.calypso-collection"
    git -C "$folder" init -q
    git -C "$folder" config user.name test
    git -C "$folder" config user.email test@example.com
    git -C "$folder" add -A
    git -C "$folder" commit -qm 'Make the collection'
  done
done
cat > "$conf/config" <<C
[server]
host=127.0.0.1
port=$port
ssl=False
[acl]
type=htpasswd
encryption=sha1
filename=$conf/htpasswd
[storage]
folder=$conf/calendars
C
cd "$dir"
export HOME=$dir XDG_CONFIG_HOME=$dir/.config
exec calypso -f -S -H 127.0.0.1 -p "$port"
