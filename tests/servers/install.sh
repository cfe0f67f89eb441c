#!/usr/bin/env bash
# Installs a Python program with its pinned packages into a venv of its own.
# usage: install.sh NAME…    (each NAME has its list in pins/NAME.txt)
# Into $SRVTOOLS, by default target/tools. What is there already with the same pins is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tools=${SRVTOOLS:-$here/../../target/tools}
mkdir -p "$tools"
tools=$(cd "$tools" && pwd)
for name in "$@"; do
  pins=$here/pins/$name.txt
  venv=$tools/$name
  # The list of pins is copied last: a venv without it is an installation that was cut short.
  cmp -s "$pins" "$venv/pins.txt" && continue
  echo "installing $name into $venv" >&2
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$pins" >&2
  cp "$pins" "$venv/pins.txt"
done
