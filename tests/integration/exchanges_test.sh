#!/bin/bash
# What several look-ups of one exchange come to (coordinator/sql/write_exchanges.sql), in a PostgreSQL cluster of their own: an
# answer is never replaced by none, and an address look-up that was answered once, at whatever attempt, is no failed one.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sql_of=$here/../../coordinator/sql
dir=$(mktemp -d /tmp/mxgrade-exchanges-XXXXXX)
chmod 755 "$dir" # the server runs as another user
trap '"$here/pg.sh" stop "$dir/pg" >/dev/null 2>&1; rm -rf "$dir"' EXIT
"$here/pg.sh" start "$dir/pg" >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
export PGHOST=$dir/pg PGUSER=mxgrade PGDATABASE=mxgrade PGTZ=UTC
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
survey=$(sql -c "SELECT mxgrade.create_survey('exchanges', 4, '0 s')")

passed=0 failed=0 number=0
# Each look-up: STATUS FLAGS DNSSEC TLSA-STATUS, with - for no flags.
come_to() { # DESCRIPTION EXPECTED LOOKUP…
    local name=$1 expected=$2 got look status flags dnssec tlsa script
    shift 2
    number=$((number + 1))
    script="$(cat "$sql_of/staging.sql");"
    for look in "$@"; do
        read -r status flags dnssec tlsa <<<"$look"
        script+="BEGIN; INSERT INTO stage_exchange VALUES ('mx$number.test', '$status', '{${flags#-}}', '$flags' ~ 'failed', '$dnssec', '$tlsa', NULL, '{}');
            $(sed "s/\\\$1/$survey/g" "$sql_of/write_exchanges.sql"); COMMIT;"
    done
    got=$(sql -c "$script" -c "SELECT dns_status, flags, dnssec, tlsa_status, resolve_attempts, next_resolve_at IS NOT NULL
                               FROM mxgrade.exchange WHERE survey_id = $survey AND exchange = 'mx$number.test'" 2>&1)
    if [ "$got" = "$expected" ]; then
        passed=$((passed + 1))
        echo "ok - $name"
    else
        failed=$((failed + 1))
        echo "not ok - $name: $got"
    fi
}

come_to 'a look-up that failed beside a good one is to be made again' 'ok|{aaaa_failed}|secure|secure|1|t' 'ok aaaa_failed secure secure'
come_to 'and is forgotten once it is answered' 'ok|{cname}|secure|secure|2|f' 'ok cname,aaaa_failed secure secure' 'ok cname secure secure'
come_to 'or fails again' 'ok|{a_failed}|insecure|not_asked|2|t' 'ok a_failed insecure not_asked' 'ok a_failed insecure not_asked'
come_to 'what was answered before counts, though it fails now' 'ok|{}|secure|secure|2|t' 'ok aaaa_failed secure secure' 'ok a_failed secure secure'
come_to 'the other half has no address, and the first half is known' 'ok|{}|secure|secure|2|t' 'ok aaaa_failed,address_bogus secure secure' 'servfail a_failed unknown not_asked'
come_to 'of two halves the less secure one counts' 'ok|{}|insecure|not_asked|2|t' 'ok aaaa_failed secure secure' 'ok a_failed insecure not_asked'
come_to 'a failure of all takes nothing away' 'ok|{aaaa_failed}|secure|secure|2|t' 'ok aaaa_failed secure secure' 'servfail a_failed,aaaa_failed,address_bogus bogus not_asked'
come_to 'an address at the second attempt' 'ok|{}|secure|secure|2|f' 'servfail a_failed,aaaa_failed unknown not_asked' 'ok - secure secure'
come_to 'half of it at the second attempt' 'ok|{aaaa_failed}|secure|secure|2|t' 'servfail a_failed,aaaa_failed unknown not_asked' 'ok aaaa_failed secure secure'

echo "$passed passed, $failed failed"
((failed == 0))
