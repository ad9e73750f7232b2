#!/bin/sh
# A private PostgreSQL cluster for tests: unix socket only, no durability.
#
#   pg.sh start DIR   make and start a cluster below DIR and let mxgrade make its schema; then connect with
#                     "host=DIR dbname=mxgrade user=mxgrade"
#   pg.sh stop DIR    stop it and remove DIR
#
# As root the server runs as the user postgres, or nobody. MXG_PG_OPTIONS is added to its command line
# (for example "-c fsync=on"), MXG_BIN names the build directory.
set -eu

usage() {
    echo "usage: $0 start|stop DIR" >&2
    exit 2
}
[ $# -eq 2 ] || usage
command=$1 dir=$2
mxgrade=${MXG_BIN:-$(cd "$(dirname "$0")/../.." && pwd)/build/asan}/cli/mxgrade
bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
[ -d "$bin" ] || { echo "pg.sh: PostgreSQL's server is missing: apt install postgresql" >&2; exit 1; }

# Runs a command as somebody whom PostgreSQL accepts.
as_owner() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif id postgres >/dev/null 2>&1; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
    fi
}

query() {
    psql -X -q -v ON_ERROR_STOP=1 -h "$dir" -U mxgrade "$@"
}

start() {
    mkdir -p "$dir"
    chmod 755 "$dir"
    if [ "$(id -u)" -eq 0 ]; then
        chown "$(id -u postgres 2>/dev/null || id -u nobody)" "$dir"
    fi
    cd "$dir"
    as_owner "$bin/initdb" --no-sync -A trust -U mxgrade -E UTF8 --locale=C.UTF-8 -D "$dir/data" >"$dir/initdb.log" 2>&1 ||
        { cat "$dir/initdb.log" >&2; exit 1; }
    as_owner "$bin/pg_ctl" -s -w -D "$dir/data" -l "$dir/server.log" \
        -o "-k $dir -c listen_addresses= -c fsync=off -c full_page_writes=off ${MXG_PG_OPTIONS:-}" start ||
        { cat "$dir/server.log" >&2; exit 1; }
    query -d postgres -c 'CREATE DATABASE mxgrade'
    "$mxgrade" schema upgrade --database "host=$dir dbname=mxgrade user=mxgrade" >"$dir/schema.log" 2>&1 ||
        { cat "$dir/schema.log" >&2; exit 1; }
}

stop() {
    if [ -f "$dir/data/postmaster.pid" ]; then
        cd "$dir"
        as_owner "$bin/pg_ctl" -s -w -m immediate -D "$dir/data" stop || true
    fi
    cd / && rm -rf "$dir"
}

case $command in
start) start ;;
stop) stop ;;
*) usage ;;
esac
