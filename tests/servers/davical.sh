#!/usr/bin/env bash
# DAViCal (Debian) with a PostgreSQL of its own, under `php -S` on 127.0.0.1, in the foreground until it is ended.
# usage: davical.sh DIR PORT      Users alice/alice-pw and bob/bob-pw; accounts below /caldav.php/. It sends invitations by itself.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/together.sh"
dir=$1 port=$2
chmod 711 "$dir"
postgresql "$dir/pg" 5432 ''
(cd /usr/share/davical/dba && USER=postgres ./create-database.sh davical admin-pw > "$dir/database.log" 2>&1) || { cat "$dir/database.log" >&2; exit 1; }
psql -qXAt -d davical > /dev/null <<'SQL'
INSERT INTO usr (active, email_ok, updated, username, password, fullname, email) VALUES
  (true, current_date, current_date, 'alice', '**alice-pw', 'Alice', 'alice@example.com'),
  (true, current_date, current_date, 'bob', '**bob-pw', 'Bob', 'bob@example.com');
INSERT INTO principal (type_id, user_no, displayname, default_privileges)
  SELECT 1, user_no, fullname, privilege_to_bits(ARRAY['caldav:read-free-busy', 'caldav:schedule-deliver'])
  FROM usr WHERE username IN ('alice', 'bob');
SQL
cat > "$dir/davical-conf.php" <<C
<?php
\$_SERVER['SERVER_NAME'] = '127.0.0.1';
\$c->pg_connect[] = 'dbname=davical user=davical_app host=$dir/pg';
\$c->admin_email = 'root@example.com';
\$c->system_name = 'DAViCal';
\$c->default_locale = 'en';
\$c->enable_auto_schedule = true;
\$c->enable_row_linking = true;
\$c->home_calendar_name = 'calendar';
\$c->home_addressbook_name = 'addresses';
C
# DAViCal reads the configuration that is named by SERVER_NAME: this one, and not what lies in /etc.
cat > "$dir/router.php" <<C
<?php
ini_set('display_errors', '0');
ini_set('memory_limit', '1G');
error_reporting(E_ALL & ~E_DEPRECATED & ~E_NOTICE & ~E_WARNING);
\$path = rawurldecode(parse_url(\$_SERVER['REQUEST_URI'], PHP_URL_PATH) ?? '/');
if (strncmp(\$path, '/caldav.php', 11) === 0) {
    \$info = substr(\$path, 11);
} elseif (strncmp(\$path, '/.well-known/', 13) === 0) {
    \$info = \$path;
} else {
    http_response_code(404);
    return true;
}
\$_SERVER['SERVER_NAME'] = '../..$dir/davical';
\$_SERVER['SCRIPT_NAME'] = \$_SERVER['PHP_SELF'] = '/caldav.php';
\$_SERVER['PATH_INFO'] = \$info;
chdir('/usr/share/davical/htdocs');
set_include_path('../inc:/usr/share/awl/inc');
require '/usr/share/davical/htdocs/caldav.php';
C
export PHP_CLI_SERVER_WORKERS=4
php -d upload_max_filesize=0 -d post_max_size=0 -S "127.0.0.1:$port" -t "$dir" "$dir/router.php" &
until_it curl -sf -u alice:alice-pw -X PROPFIND -H 'Depth: 0' "http://127.0.0.1:$port/caldav.php/alice/"
ready "$dir"
