#!/usr/bin/env bash
# Cyrus (Debian's cyrus-caldav) on 127.0.0.1, in the foreground until it is ended.  usage: cyrus.sh DIR PORT
# Users alice/alice-pw and bob/bob-pw; accounts below /dav/. It sends invitations by itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/together.sh"
export PATH=$PATH:/usr/sbin
dir=$1 port=$2
chmod 711 "$dir"
user=$([ "$(id -u)" = 0 ] && echo cyrus || id -un)
data=$dir/cyrus
mkdir -p "$data"/{conf/{db,log,msg,ptclient,quota,socket,user,sync,backup},spool,sieve,run/{proc,lock,socket}}
for name in alice bob cyrus; do printf '%s-pw' $name | saslpasswd2 -p -c -f "$data/sasldb2" -u localhost $name; done
cat > "$data/imapd.conf" <<C
configdirectory: $data/conf
proc_path: $data/run/proc
mboxname_lockpath: $data/run/lock
defaultpartition: default
partition-default: $data/spool
sievedir: $data/sieve
servername: localhost
loginrealms: localhost
virtdomains: off
calendar_user_address_set: localhost example.com
admins: cyrus
cyrus_user: $user
altnamespace: yes
unixhierarchysep: yes
allowplaintext: yes
allowanonymouslogin: no
autocreate_quota: -1
autocreate_post: yes
httpmodules: caldav carddav ischedule
httpkeepalive: 5
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: $data/sasldb2
sasl_mech_list: PLAIN LOGIN
syslog_prefix: cyrus-test
lmtpsocket: $data/run/socket/lmtp
idlesocket: $data/run/socket/idle
notifysocket: $data/run/socket/notify
caldav_allowcalendaradmin: yes
caldav_allowattach: yes
caldav_allowscheduling: on
caldav_create_attach: yes
caldav_create_default: yes
caldav_create_sched: yes
carddav_realm: cyrus
caldav_realm: cyrus
sync_log: no
conversations: no
umask: 077
C
cat > "$data/cyrus.conf" <<C
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C $data/imapd.conf -r"
}
SERVICES {
  http cmd="/usr/lib/cyrus/bin/httpd -C $data/imapd.conf -U 1000" listen="127.0.0.1:$port" prefork=1 maxchild=32
  imap cmd="/usr/lib/cyrus/bin/imapd -C $data/imapd.conf -U 30" listen="$data/run/socket/imap" prefork=0 maxchild=4
}
EVENTS {
}
C
[ "$(id -u)" != 0 ] || chown -R "$user:$(id -gn "$user")" "$data"
/usr/lib/cyrus/bin/master -C "$data/imapd.conf" -M "$data/cyrus.conf" -p "$data/run/master.pid" -D -L "$data/log" &
until_it curl -s "http://127.0.0.1:$port/"
# The accounts are made at the first visit, but only of who has a mailbox.
python3 "$here/cyrus_mailbox.py" "$data/run/socket/imap" alice bob
for name in alice bob; do
  for home in calendars addressbooks; do
    curl -s -o /dev/null -u $name:$name-pw -X PROPFIND -H 'Depth: 1' "http://127.0.0.1:$port/dav/$home/user/$name/"
  done
done
ready "$dir"
