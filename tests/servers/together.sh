# What the scripts of servers share that are more than one process; they read it with `.`. All processes stay in the process group
# of the script, which is what the tests end.

# Runs a command as a user: servers refuse to run as root, and as nobody else they need no other user.
as() {
  local user=$1
  shift
  if [ "$(id -u)" = 0 ]; then setpriv --reuid="$user" --regid="$(id -gn "$user")" --init-groups "$@"; else "$@"; fi
}

# Gives a folder to such a user.
folder_of() {
  mkdir -p "$2"
  [ "$(id -u)" != 0 ] || chown "$1" "$2"
}

# Waits until a command succeeds, for a minute at most.
until_it() {
  for _ in $(seq 1200); do
    "$@" > /dev/null 2>&1 && return
    sleep 0.05
  done
  echo "this never succeeded: $*" >&2
  return 1
}

# PostgreSQL below FOLDER, whose socket is there as well. usage: postgresql FOLDER PORT LISTEN
postgresql() {
  local folder=$1 port=$2 listen=$3 bin
  bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  folder_of postgres "$folder"
  (cd / && as postgres "$bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N > /dev/null)
  (cd / && exec setpriv $([ "$(id -u)" != 0 ] || echo --reuid=postgres --regid=postgres --init-groups) "$bin/postgres" -D "$folder/data" \
    -k "$folder" -p "$port" -c listen_addresses="$listen" -c fsync=off -c synchronous_commit=off -c full_page_writes=off) &
  export PGHOST=$folder PGPORT=$port PGUSER=postgres
  until_it psql -qXAt -d postgres -c 'SELECT 1'
}

# Says that all is set up, and goes on until one of the processes ends or whoever started this closes its standard input, which
# also happens when that is killed. Then all of them are ended, so that PostgreSQL leaves nothing behind.
ready() {
  touch "$1/ready"
  cat <&3 > /dev/null &
  wait -n
  trap '' TERM
  kill -TERM 0
  for _ in $(seq 50); do
    [ -n "$(jobs -rp)" ] || break
    sleep 0.1
  done
  kill -KILL 0
}
# Bash gives none of its standard input to what runs beside it.
exec 3<&0
