# stack.sh - sourced: a private PostgreSQL cluster and mxgrade's programs on this machine, under one folder.
#
# Used by deploy/quickstart and by the end-to-end tests. The caller sets STACK_HOME (the folder), STACK_BIN (the
# programs) and may set STACK_IN (an array: a command that puts its arguments into a network, such as `lab exec`).
# Everything runs as the unprivileged user $STACK_USER and speaks over unix sockets under $STACK_HOME/run.
# shellcheck shell=bash disable=SC2034,SC2016,SC2153

STACK_USER=${STACK_USER:-mxgrade}
STACK_PG_BIN=${STACK_PG_BIN:-/usr/lib/postgresql/15/bin}
STACK_IN=()

stack_fail() { # MESSAGE: one line that says what to do
  echo "$(basename "$0"): $*" >&2
  return 1
}

stack_database() { echo "host=$STACK_HOME/run dbname=mxgrade user=$STACK_USER"; }

stack_as_user() { setpriv --reuid="$STACK_USER" --regid="$STACK_USER" --clear-groups -- "$@"; }

stack_wait() { # SECONDS WHAT COMMAND…: until the command succeeds
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { stack_fail "$what is not ready"; return 1; }
    read -r -t 0.05 <> <(:) || true
  done
}

stack_prepare() {
  getent passwd "$STACK_USER" >/dev/null || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin "$STACK_USER"
  mkdir -p "$STACK_HOME"/{run,log}
  chown "$STACK_USER:" "$STACK_HOME" "$STACK_HOME"/{run,log}
  chmod 755 "$STACK_HOME"
}

# ---- PostgreSQL ----

stack_pg_ready() { "$STACK_PG_BIN/pg_isready" -q -h "$STACK_HOME/run"; }

stack_pg_start() { # [SETTING…]
  stack_pg_ready && return 0
  cd /
  if [[ ! -f $STACK_HOME/pg/PG_VERSION ]]; then
    rm -rf "$STACK_HOME/pg"
    stack_as_user "$STACK_PG_BIN/initdb" -D "$STACK_HOME/pg" -U "$STACK_USER" -A trust -E UTF8 --locale=C.UTF-8 >"$STACK_HOME/log/initdb.log" 2>&1 ||
      { tail -n 5 "$STACK_HOME/log/initdb.log" >&2; stack_fail "initdb failed"; return 1; }
  fi
  local settings=(-c "listen_addresses=" -c "unix_socket_directories=$STACK_HOME/run") setting
  for setting in "$@"; do settings+=(-c "$setting"); done
  stack_as_user "$STACK_PG_BIN/pg_ctl" -D "$STACK_HOME/pg" -l "$STACK_HOME/log/postgres.log" -w -t 60 -o "${settings[*]}" start >/dev/null ||
    { tail -n 5 "$STACK_HOME/log/postgres.log" >&2; stack_fail "PostgreSQL did not start"; return 1; }
  psql -qAt "host=$STACK_HOME/run dbname=postgres user=$STACK_USER" -c "SELECT 1 FROM pg_database WHERE datname = 'mxgrade'" | grep -q 1 ||
    psql -q "host=$STACK_HOME/run dbname=postgres user=$STACK_USER" -c "CREATE DATABASE mxgrade"
}

stack_pg_stop() {
  [[ -f $STACK_HOME/pg/postmaster.pid ]] || return 0
  (cd / && stack_as_user "$STACK_PG_BIN/pg_ctl" -D "$STACK_HOME/pg" -m fast -w stop >/dev/null)
}

# ---- programs ----

stack_pid() { cat "$STACK_HOME/run/$1.pid" 2>/dev/null; }
stack_alive() { # NAME
  local pid
  pid=$(stack_pid "$1") && [[ -n $pid ]] && kill -0 "$pid" 2>/dev/null
}

stack_start() { # NAME PROGRAM [OPTION…]
  local name=$1 program=$2
  shift 2
  stack_alive "$name" && return 0
  # The inner shell writes its own pid and then becomes the program, wherever STACK_IN puts it.
  # Nothing of this shell stays behind, or whoever reads our output would wait for it.
  (
    cd / || exit 1
    exec setsid "${STACK_IN[@]}" setpriv --reuid="$STACK_USER" --regid="$STACK_USER" --clear-groups -- \
      sh -c 'echo $$ >"$0"; exec "$@"' "$STACK_HOME/run/$name.pid" "$STACK_BIN/$program" "$@" \
      >>"$STACK_HOME/log/$name.log" 2>&1 </dev/null
  ) &
  stack_wait 20 "$name" stack_running "$name" || { tail -n 5 "$STACK_HOME/log/$name.log" >&2; return 1; }
}

# Started, and said so in its log since.
stack_running() { stack_alive "$1" && tail -n 50 "$STACK_HOME/log/$1.log" | grep -q 'ready'; }

stack_stop() { # NAME…: asks each to end, waits, then insists
  local name pid
  for name in "$@"; do
    pid=$(stack_pid "$name") || continue
    kill -TERM "$pid" 2>/dev/null || true
  done
  for name in "$@"; do
    pid=$(stack_pid "$name") || continue
    stack_wait 40 "the end of $name" stack_gone "$name" || kill -KILL "$pid" 2>/dev/null || true
    rm -f "$STACK_HOME/run/$name.pid"
  done
}
stack_gone() { ! stack_alive "$1"; }

stack_names() { # the programs started here
  local file
  for file in "$STACK_HOME"/run/*.pid; do [[ -f $file ]] && basename "$file" .pid; done
  return 0
}
