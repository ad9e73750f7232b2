# shellcheck shell=bash
# shellcheck disable=SC2034  # used by the files that source this one
# What every file of the lab shares: where things are, how to complain, how to
# wait, how to start a daemon so that it can be found and stopped again.

LAB_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_CACHE=${MXGRADE_LAB_CACHE:-/var/cache/mxgrade-lab}
LAB_DIR=${MXGRADE_LAB_DIR:-/var/tmp/mxgrade-lab}

LAB_ROOTS=$LAB_CACHE/roots           # unpacked Debian packages, one folder each
LAB_NPM=$LAB_CACHE/npm               # unpacked npm packages
LAB_RUN=$LAB_DIR/run                 # pid files, and the mode this lab runs in
LAB_LOG=$LAB_DIR/log
LAB_PKI=$LAB_DIR/pki
LAB_ETC=$LAB_DIR/etc                 # generated configurations

LAB_RESOLVER_IP=127.20.0.1           # validating Unbound, what users ask
LAB_AUTH_IP=127.20.0.53              # NSD, authoritative for test.

READY_DEADLINE_S=30                  # all servers must answer within this
STOP_DEADLINE_S=5                    # then TERM becomes KILL

# One namespace a state directory, so that two labs can stand side by side.
LAB_NETNS=mxlab-$(printf '%s' "$LAB_DIR" | cksum | cut -d' ' -f1)

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# root_of PACKAGE: the folder the package was unpacked into.
root_of() { printf '%s/%s' "$LAB_ROOTS" "$1"; }

# lib_path PACKAGE: the LD_LIBRARY_PATH of an unpacked package.
lib_path() {
  local root path=
  root=$(root_of "$1")
  for dir in "$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu; do
    [[ -d $dir ]] && path+=${path:+:}$dir
  done
  printf '%s' "$path"
}

# of_trixie FOLDER PROGRAM: sets RUN to the words that run an unpacked program of
# Debian 13 with the loader and the libraries that were unpacked beside it.
of_trixie() {
  RUN=("$(root_of "$1")/usr/lib64/ld-linux-x86-64.so.2" --library-path "$(lib_path "$1")" "$(root_of "$1")$2")
}

# tables VERB…: everything that is derived from the tables (tables.py).
tables() { /usr/bin/python3 "$LAB_HOME/tables.py" "$@"; }

# netns | loopback, as `lab up` recorded it; empty when the lab is down.
lab_mode() { cat "$LAB_RUN/mode" 2>/dev/null || true; }

# inside CMD…: run in the lab's network.
inside() {
  if [[ $(lab_mode) == netns ]]; then
    ip netns exec "$LAB_NETNS" "$@"
  else
    "$@"
  fi
}

# start_time PID: field 22 of /proc/PID/stat. It tells a process of ours from
# a later one that was given the same number.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  awk '{print $20}' <<<"$stat"
}

# spawn NAME CMD…: start a daemon that stays in the foreground, detached from
# this shell, in the lab's network, its output in log/NAME.log.
# Descriptor 9 is the lock of `lab up`; a daemon must not keep it.
spawn() {
  local name=$1 pid
  shift
  if [[ $(lab_mode) == netns ]]; then
    set -- ip netns exec "$LAB_NETNS" "$@"
  fi
  setsid "$@" >"$LAB_LOG/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  printf '%s %s\n' "$pid" "$(start_time "$pid" || echo 0)" >"$LAB_RUN/$name.pid"
}

# still_ours PIDFILE: prints the pid while the process we started lives.
still_ours() {
  local pid born
  read -r pid born <"$1" || return 1
  [[ $(start_time "$pid" || echo none) == "$born" ]] || return 1
  printf '%s' "$pid"
}

# with_children PID: the process and everything below it.
with_children() {
  local child
  printf '%s\n' "$1"
  for child in $(pgrep -P "$1" || true); do with_children "$child"; done
}
