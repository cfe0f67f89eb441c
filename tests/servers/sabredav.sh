#!/usr/bin/env bash
# SabreDAV 1.8 (Debian; the engine of old ownClouds and Baikals) under `php -S` on 127.0.0.1, in the foreground until it is ended.
# usage: sabredav.sh DIR PORT      Users alice/alice-pw and bob/bob-pw, whose accounts are empty. It knows no sync-collection.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
php "$here/sabredav/init.php" "$1/db.sqlite" /usr/share/doc/php-sabre-dav/examples/sql
cd "$1"
export PHP_CLI_SERVER_WORKERS=4
exec php -d upload_max_filesize=0 -d post_max_size=0 -S "127.0.0.1:$2" "$here/sabredav/server.php"
