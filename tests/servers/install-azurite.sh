#!/usr/bin/env bash
# Installs Azurite from npm into $SRVTOOLS/azurite, by default target/tools/azurite, unless it is there already.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
# With nothing younger than this day, so that tomorrow's installation is today's.
what=azurite@3.37.0 day=2026-11-21
[ "$(cat "$tools/azurite/installed.txt" 2> /dev/null)" = "$what $day" ] && exit
echo "installing $what into $tools/azurite" >&2
rm -rf "$tools/azurite"
mkdir -p "$tools/azurite"
npm install --prefix "$tools/azurite" --before="$day" --no-save --ignore-scripts --no-audit --no-fund --loglevel=error "$what" >&2
# Written last: without it, an installation was cut short.
echo "$what $day" > "$tools/azurite/installed.txt"
