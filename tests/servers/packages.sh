#!/usr/bin/env bash
# Installs the servers of `make test-servers`: Debian's packages, as root or with sudo, and go-webdav from the Go module proxy into
# $SRVTOOLS/gowebdav, by default target/tools/gowebdav. What is there already is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)

# The first line is what DAViCal and SabreDAV run on. The minus keeps the metapackage `php` from pulling in Apache.
wanted=(php-cli php8.2-cgi libapache2-mod-php8.2- php-pgsql php-sqlite3 php-xml php-mbstring php-curl postgresql openssl curl
  php-sabre-dav davical sogo memcached cyrus-caldav cyrus-imapd sasl2-bin calypso)
installed() { dpkg-query -W -f '${Status}\n' "$1" 2> /dev/null | grep -q '^install ok installed'; }
missing=()
for package in "${wanted[@]}"; do
  [[ $package == *- ]] || installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  # The daemons are started by the tests, each with a folder of its own, and never by the packages.
  policy=/usr/sbin/policy-rc.d
  ours=
  [ -e $policy ] || { ours=yes; printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy > /dev/null; "${as_root[@]}" chmod +x $policy; }
  "${as_root[@]}" apt-get update -qq
  rc=0
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends \
    "${wanted[@]}" > /dev/null || rc=$?
  [ -z "$ours" ] || "${as_root[@]}" rm $policy
  [ $rc = 0 ] || exit $rc
fi

cmp -s "$here/gowebdav/main.go" "$tools/gowebdav/main.go" && [ -x "$tools/gowebdav/gowebdav" ] && exit
echo "building go-webdav's server into $tools/gowebdav" >&2
rm -rf "$tools/gowebdav"
mkdir "$tools/gowebdav"
cp "$here/gowebdav/go.mod" "$here/gowebdav/go.sum" "$tools/gowebdav"
(cd "$here/gowebdav" && go build -o "$tools/gowebdav/gowebdav" .)
# Copied last: without it, an installation was cut short.
cp "$here/gowebdav/main.go" "$tools/gowebdav"
