#!/bin/bash
# Look-ups beside a survey (coordinator/beside.c), with a coordinator, a resolver that keeps its answers back (beside_dns.py) and a
# PostgreSQL cluster of their own: no survey waits for them, none is asked twice, and what gets no answer is unknown.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${MXG_BIN:?name the build directory in MXG_BIN}
dir=$(mktemp -d /tmp/mxgrade-beside-XXXXXX)
chmod 755 "$dir" # the server runs as another user
children=()
finish() {
    ((${#children[@]} == 0)) || kill "${children[@]}" 2>/dev/null
    wait
    "$here/pg.sh" stop "$dir/pg" >/dev/null 2>&1
    rm -rf "$dir"
}
trap finish EXIT
"$here/pg.sh" start "$dir/pg" >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
export PGHOST=$dir/pg PGUSER=mxgrade PGDATABASE=mxgrade PGTZ=UTC
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

passed=0 failed=0
ok() { # DESCRIPTION COMMAND…
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name"
    fi
}
until_true() { # COMMAND…: for at most half a minute
    local tries=600
    until "$@"; do
        ((tries-- > 0)) || { echo "# gave up: $*"; return 1; }
        sleep 0.05
    done
}
same() { [ "$1" = "$2" ] || { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed 's/^/# /'; return 1; }; }
is() { [ "$(sql -c "$2")" = "$1" ]; }

"$here/beside_dns.py" "$dir/port" "$dir/release" "$dir/asked" &
children+=($!)
until_true test -s "$dir/port"
"$bin/coordinator/mxgrade-coordinator" --database '' --jobs "ipc://$dir/jobs" --resolver "127.0.0.1:$(<"$dir/port")" --dns-timeout 20s \
    --allow-reserved >"$dir/coordinator.log" 2>&1 &
children+=($!)
printf '%s.test\n' one two bad | "$bin/cli/mxgrade" submit - >/dev/null 2>&1
ok 'the list is resolved' until_true is 3 "SELECT count(*) FROM mxgrade.domain WHERE survey_id = 1 AND mx_set IS NOT NULL"
until_true test -s "$dir/asked"
sql -c "UPDATE mxgrade.exchange_endpoint SET judged_at = now()" -c "UPDATE mxgrade.endpoint SET next_probe_at = NULL, facts_known = true"
ok 'a survey ends while PTR and CAA are not answered' until_true is grading 'SELECT state FROM mxgrade.survey'
ok 'and they are unknown' same "$(sql -c "SELECT DISTINCT reverse_status, reverse_confirmed, caa_status FROM mxgrade.mx WHERE survey_id = 1")" 'unknown|unknown|unknown'
touch "$dir/release"
ok 'answers that come afterwards are stored' until_true is '2|3' "SELECT (SELECT count(asked_at) FROM mxgrade.reverse_name), (SELECT count(asked_at) FROM mxgrade.exchange_caa)"
ok 'found, none and unknown apart' same "$(sql -c "SELECT exchange, reverse_status, reverse_names, reverse_confirmed, caa_status, caa_domain, caa, caa_issuers FROM mxgrade.mx WHERE survey_id = 1 ORDER BY 1")" \
    'mx.bad.test|unknown|{}|unknown|unknown||{}|
mx.one.test|found|{mx.one.test}|yes|found|one.test|{"0 issue \"ca.test\""}|{ca.test}
mx.two.test|found|{mx.one.test}|yes|none||{}|'
ok 'each address is asked after once, whatever the names on it' same "$(grep -c '^2.0.0.127.in-addr.arpa 12$' "$dir/asked")" 1
ok 'no statement failed' same "$(grep -c 'statement failed' "$dir/coordinator.log")" 0

echo "$passed passed, $failed failed"
((failed == 0))
