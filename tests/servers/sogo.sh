#!/usr/bin/env bash
# SOGo (Debian) with a PostgreSQL and a memcached of its own, on 127.0.0.1, in the foreground until it is ended.
# usage: sogo.sh DIR PORT      Users alice/alice-pw and bob/bob-pw; accounts below /SOGo/dav/. It sends invitations by itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/together.sh"
dir=$1 port=$2
chmod 711 "$dir"
# SOGo finds a database by host and port alone, so this one is no socket.
database_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
postgresql "$dir/pg" "$database_port" 127.0.0.1
psql -qXAt -d postgres <<'SQL'
CREATE USER sogo PASSWORD 'sogo';
CREATE DATABASE sogo OWNER sogo;
\c sogo sogo
CREATE TABLE sogo_users (c_uid VARCHAR(64) PRIMARY KEY, c_name VARCHAR(64), c_password VARCHAR(256), c_cn VARCHAR(128), mail VARCHAR(128));
INSERT INTO sogo_users VALUES ('alice', 'alice', 'alice-pw', 'Alice', 'alice@example.com'), ('bob', 'bob', 'bob-pw', 'Bob', 'bob@example.com');
SQL
folder_of sogo "$dir/sogo"
database=postgresql://sogo:sogo@127.0.0.1:$database_port/sogo
(cd / && as sogo memcached -U 0 -s "$dir/sogo/memcached" -m 32) &
users="({type=sql;id=users;viewURL=\"$database/sogo_users\";canAuthenticate=YES;isAddressBook=NO;userPasswordAlgorithm=plain;displayName=Users;})"
(cd "$dir/sogo" && HOME=$dir/sogo as sogo /usr/sbin/sogod -WONoDetach YES -WOWorkersCount 4 -WOPort "127.0.0.1:$port" \
  -WOPidFile "$dir/sogo/pid" -WOLogFile - -SxVMemLimit 2048 -WOMaxUploadSize 204800 \
  -SOGoProfileURL "$database/sogo_user_profile" -OCSFolderInfoURL "$database/sogo_folder_info" \
  -OCSSessionsFolderURL "$database/sogo_sessions_folder" -OCSEMailAlarmsFolderURL "$database/sogo_alarms_folder" \
  -SOGoMemcachedHost "$dir/sogo/memcached" -SOGoTimeZone UTC -SOGoAppointmentSendEMailNotifications NO \
  -SOGoCalendarEventsDefaultClassification PUBLIC -SOGoAddressBookDAVAccessEnabled YES -SOGoCalendarDAVAccessEnabled YES \
  -SOGoMaximumFailedLoginCount 0 -SOGoMailDomain example.com -SOGoUserSources "$users") &
until_it curl -sf -u alice:alice-pw -X PROPFIND -H 'Depth: 0' "http://127.0.0.1:$port/SOGo/dav/alice/"
# An account exists from its first visit on.
curl -s -o /dev/null -u bob:bob-pw -X PROPFIND -H 'Depth: 1' "http://127.0.0.1:$port/SOGo/dav/bob/Calendar/" || true
ready "$dir"
