#!/usr/bin/env bash
# Xandikos with a calendar for each user, to which it delivers invitations.  usage: xandikos-invites.sh DIR PORT
# Who is who it learns from the property calendar-user-address-set, which the test sets.
set -euo pipefail
exec bash "$(dirname "$0")/xandikos.sh" "$1" "$2" --defaults
