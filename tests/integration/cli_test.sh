#!/bin/bash
# mxgrade's command line against a PostgreSQL cluster of its own: lists and their accounting, every bad
# input with its message, the schema, and a report compared with a golden text.
#
#   cli_test.sh [MXGRADE]     default: $MXG_BIN/cli/mxgrade
# UPDATE_GOLDEN=1 rewrites the golden texts.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mxgrade=${1:-${MXG_BIN:?name the build directory in MXG_BIN, or the program}/cli/mxgrade}
dir=$(mktemp -d /tmp/mxgrade-cli-XXXXXX)
chmod 755 "$dir" # the server runs as another user
trap '"$here/pg.sh" stop "$dir/pg" >/dev/null 2>&1; rm -rf "$dir"' EXIT
"$here/pg.sh" start "$dir/pg" >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
export PGHOST=$dir/pg PGUSER=mxgrade PGDATABASE=cli PGTZ=UTC LC_ALL=C.UTF-8
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
sql -d postgres -c 'DROP DATABASE mxgrade' -c 'DROP ROLE mxgrade_coordinator, mxgrade_aggregator, mxgrade_submit, mxgrade_read' \
    -c 'CREATE DATABASE cli' -c 'CREATE DATABASE race' -c 'CREATE DATABASE guest' -c 'CREATE DATABASE old' \
    -c 'CREATE ROLE guest LOGIN' -c 'GRANT CREATE ON DATABASE guest TO guest'

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
# Asks again and again, for at most half a minute, until the command succeeds.
until_true() { # COMMAND…
    local tries=600
    until "$@"; do
        ((tries-- > 0)) || { echo "# gave up: $*"; return 1; }
        sleep 0.05
    done
}
same() { [ "$1" = "$2" ] || { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed 's/^/# /'; return 1; }; }
# Runs mxgrade; leaves $out, $err, $code.
run() { out=$("$mxgrade" "$@" 2>"$dir/err" </dev/null); code=$?; err=$(cat "$dir/err"); }
# One clear line on standard error, nothing on standard output, and the exit code.
refuses() { # CODE MESSAGE ARGUMENT…
    local want=$1 text=$2 && shift 2
    run "$@"
    { [ "$code" = "$want" ] && [ -z "$out" ] && [[ ${err%%$'\n'*} == *"$text"* ]] && [ "$(grep -vc '^Try ' <<<"$err")" = 1 ]; } ||
        { echo "# exit $code: $out $err"; return 1; }
}
golden() { # NAME TEXT
    [ -z "${UPDATE_GOLDEN:-}" ] || printf '%s\n' "$2" >"$here/$1"
    same "$(cat "$here/$1")" "$2"
}

# The schema.
run schema upgrade --database 'dbname=guest user=guest'
ok 'an owner who may not create roles succeeds and is told' test "$code/$(grep -c 'role mxgrade_.* is missing' <<<"$err")" = 0/4
ok 'an empty database is refused with the way out' refuses 1 "run 'mxgrade schema upgrade'" list
run schema status
ok 'status tells that an upgrade is needed' test "$code" = 3
run schema upgrade
ok 'upgrade' test "$code" = 0
run schema upgrade
ok 'upgrade again changes nothing' test "$code/$err" = 0/
run schema status
ok 'status is current' test "$code" = 0
ok 'findings and suites are filled' test "$(sql -c 'SELECT (SELECT count(*) FROM mxgrade.finding_code) > 20, (SELECT count(*) FROM mxgrade.suite) > 300')" = 't|t'
ok 'every relation and column has a comment' same "$(sql -c "
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'mxgrade'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT a.attisdropped AND NOT c.relispartition
      AND a.attnum >= 0 AND col_description(c.oid, a.attnum) IS NULL
    UNION ALL
    SELECT c.relname, '' FROM pg_class c
    WHERE c.relnamespace = 'mxgrade'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition AND obj_description(c.oid, 'pg_class') IS NULL")" ''
racers=()
for _ in 1 2 3; do PGDATABASE=race "$mxgrade" schema upgrade >/dev/null 2>>"$dir/race" & racers+=($!); done
raced=0
for pid in "${racers[@]}"; do wait "$pid" || raced=1; done
ok 'upgrades at once do not disturb each other' test "$raced/$(sort "$dir/race" | uniq -d)" = 0/
sql -d race -c "INSERT INTO mxgrade.schema_version VALUES (999)"
ok 'a newer schema is refused' refuses 1 'install the newer mxgrade' list --database dbname=race

# What stands in the way of an upgrade, and a survey that nobody was asked for.
export PGDATABASE=old
sql -c 'CREATE SCHEMA mxgrade' -c 'CREATE TABLE mxgrade.suite (suite integer)'
run schema upgrade
ok 'an upgrade that fails says so' test "$code/$(tail -n 1 <<<"$err")" = '1/mxgrade: the schema was not changed'
ok 'and changes nothing' same "$(sql -c "SELECT count(*) FROM pg_class WHERE relnamespace = 'mxgrade'::regnamespace" \
    -c "SELECT count(*) FROM pg_type WHERE typname = 'tri'")" $'1\n0'
sql -c 'DROP TABLE mxgrade.suite'
run schema upgrade
ok 'a version is made of several files' test "$code/$(grep -c '^applied 001_' <<<"$err")/$(sql -c 'SELECT version FROM mxgrade.schema_version')" = 0/6/1
sql -o /dev/null -c "SELECT mxgrade.create_survey('done', 3, '1 s'), mxgrade.create_survey('at work', 3, '1 s')" \
    -c "UPDATE mxgrade.survey SET state = CASE survey_id WHEN 1 THEN 'complete' ELSE 'running' END::mxgrade.survey_state" \
    -c "INSERT INTO mxgrade.domain (survey_id, name, first_line, mx_status, mx_set, sts_record, tlsrpt, next_resolve_at) VALUES
        (1, 'done.example', 1, 'mx', '00000000-0000-0000-0000-000000000001', 'not_asked', 'not_asked', NULL)" \
    -c "INSERT INTO mxgrade.mx_set (survey_id, mx_set, mx_total) VALUES (1, '00000000-0000-0000-0000-000000000001', 1)" \
    -c "INSERT INTO mxgrade.mx_set_member VALUES (1, '00000000-0000-0000-0000-000000000001', 'mx.done.example', 10)" \
    -c "INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status, tlsa_status, next_resolve_at) VALUES
        (1, 'mx.done.example', 'ok', 'not_asked', NULL)"
ok 'a list that is being stored locks no table against the others' same "$(sql -c BEGIN \
    -c "SELECT mxgrade.create_survey('in the way', 3, '1 s') > 0, (SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'
        AND relation IN (SELECT oid FROM pg_class WHERE relkind = 'p'))" -c ROLLBACK)" 't|0'
ok 'surveys have partitions for policies' same "$(sql -c "INSERT INTO mxgrade.mta_sts_policy (survey_id, domain) VALUES (1, 'a.example'), (2, 'a.example')" \
    -c 'SELECT tableoid::regclass FROM mxgrade.mta_sts_policy ORDER BY 1')" $'mta_sts_policy_1\nmta_sts_policy_2'
ok 'new rows are to be asked' same "$(sql -c "INSERT INTO mxgrade.domain (survey_id, name, first_line) VALUES (2, 'new.example', 3) RETURNING sts_record, tlsrpt" \
    -c "INSERT INTO mxgrade.exchange (survey_id, exchange) VALUES (2, 'new.example') RETURNING tlsa_status")" $'pending|pending\npending'
run report --survey 1 done.example
ok 'a survey that asked for no policies can be reported on' test "$code/$(grep -c 'not_asked' <<<"$out")" = 0/2
run summary 1
ok 'and counts nothing that nobody asked' test "$code/$(grep -c 'MTA-STS\|TLS-RPT\|DNSSEC\|DANE' <<<"$out")" = 0/0
ok 'a survey goes with its policies' same "$(sql -c 'SELECT mxgrade.drop_survey(1)' -c "SELECT count(*) FROM pg_class WHERE relname ~ '_1$'")" $'\n0'
export PGDATABASE=cli

# Lists and their accounting.
printf '\xef\xbb\xbf# header\r\nexample.org\r\n1,example.com\r\n"2","Bücher.example"\r\nexample.net,7\r\n\r\nEXAMPLE.ORG.\r\nfoo@bar.de\r\nhttp://x.de/\r\n192.0.2.1\r\nlocalhost\r\nb\xfccher.de\r\nnul\x00l.de\r\n\x1b[31mred.de\r\n3\tdead.example\r\ntesting.example\r\nlast.example,\r\n%05000d.de\r\nunresolved.example' 0 >"$dir/dirty.txt"
run submit "$dir/dirty.txt"
first=$out
ok 'submit prints the number of the survey' test "$code/$out" = 0/1
ok 'and the accounting' same "$err" '19 lines: 9 accepted, 10 rejected'
ok 'every line is kept with its domain, rank or reason' golden cli_lines.txt "$(sql -c "SELECT line_no, left(input, 30), name, rank, rejected FROM mxgrade.submitted_line WHERE survey_id = $first ORDER BY 1")"
same_lines="SELECT count(*) FROM (SELECT line_no, input, name, rank, rejected FROM mxgrade.submitted_line WHERE survey_id = 1
    EXCEPT SELECT line_no, input, name, rank, rejected FROM mxgrade.submitted_line WHERE survey_id = 2) x"
gzip -c "$dir/dirty.txt" >"$dir/dirty.gz"
odd_name="quotes \" ' and a backslash \\"
"$mxgrade" submit --name "$odd_name" - <"$dir/dirty.gz" >/dev/null 2>&1
ok 'gzip on standard input gives the same lines' test "$(sql -c "$same_lines")" = 0
ok 'a name may hold anything' same "$(sql -c 'SELECT name FROM mxgrade.survey WHERE survey_id = 2')" "$odd_name"
run summary 2
ok 'before intake accepted lines are waiting' test "$(grep -c '+ waiting  *9 ' <<<"$out")" = 1
head -c 100 "$dir/dirty.gz" >"$dir/cut.gz"
: >"$dir/empty"
ok 'a cut gzip file' refuses 1 'cut short' submit "$dir/cut.gz"
ok 'an empty list' refuses 1 'the list is empty' submit "$dir/empty"
{ echo a.test; printf '%0.s\001\002' {1..40}; } >"$dir/binary"
printf 'BZh91AY&SY' >"$dir/list.bz2"
ok 'a file that is no text' refuses 1 'is no text: save' submit "$dir/binary"
ok 'a list that is packed by a program of another kind' refuses 1 'is bzip2: unpack it first' submit "$dir/list.bz2"
ok 'a missing file' refuses 1 'No such file' submit "$dir/none"
ok 'a directory' refuses 1 'is a directory' submit "$dir"
ok 'no file' refuses 2 'FILE is missing' submit
ok 'two files' refuses 2 'one argument too many' submit "$dir/empty" x
ok 'an unknown option' refuses 2 'unrecognized option' submit --bogus x
ok 'an option without its value' refuses 2 'requires an argument' submit "$dir/empty" --name
ok 'a number out of range' refuses 2 'from 1 to 100' submit --attempts 0 "$dir/empty"
ok 'no database' refuses 1 'check --database' submit "$dir/dirty.txt" --database host=/nonexistent
ok 'an unknown verb' refuses 2 'no verb' frobnicate
ok 'a survey that is none' refuses 3 'no survey 99' watch 99
ok 'a survey number that is none' refuses 2 'no survey number' summary 1x
ok 'a domain in no survey' refuses 3 'in no survey' report nowhere.example
ok 'a report on an address' refuses 2 'an e-mail address' report me@example.org
ok 'a schema action that is none' refuses 2 "neither 'upgrade' nor 'status'" schema downgrade
yes interrupted.example | "$mxgrade" submit - >/dev/null 2>&1 &
submitter=$!
clients() { [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE datname = 'cli' AND application_name = 'mxgrade' AND query LIKE '$1'")" = "$2" ]; }
until_true clients 'COPY%' 1
kill -KILL "$submitter"
wait "$submitter" 2>/dev/null
until_true clients '%' 0
ok 'an interrupted submit and failed ones leave nothing' test "$(sql -c 'SELECT count(*) FROM mxgrade.survey')" = 2

# A surveyed list.
sql -v survey=1 -f "$here/cli_fixture.sql"
run summary 1
ok 'the summary accounts for every line and domain' golden cli_summary.txt "${out//20??-??-?? ??:??:?? UTC/TIME}"
run watch 1
ok 'watch ends when the survey is complete' test "$code" = 0
run report BÜCHER.example
ok 'report' golden cli_report.txt "$out"
for domain in example.org dead.example testing.example; do
    run report "$domain"
    printf '%s\n%s\n\n' "$domain" "$(sed -n '/^MX/p; /^DNSSEC,/,$p' <<<"$out")"
done >"$dir/policies"
ok 'report on what domains publish, with the records to copy' golden cli_policies.txt "$(cat "$dir/policies")"
ok 'every finding about a domain comes up' same "$(sql -c "
    SELECT code FROM mxgrade.finding_code WHERE code ~ 'MTA_STS|DANE|TLSRPT|DNSSEC' EXCEPT SELECT code FROM mxgrade.domain_finding WHERE survey_id = 1")" ''
LC_ALL=C run report testing.example
ok 'without UTF-8 names are A-labels' test "$(grep -c 'MX 10  mx.xn--bcher-kva.example ' <<<"$out")/$(grep -c 'bücher' <<<"$out")" = 1/0
run report example.com
ok 'report of a domain that takes no mail gives no advice' test "$(grep -c 'not_asked: the domain takes no mail' <<<"$out")/$(grep -c 'What to change' <<<"$out")" = 3/0
ok 'report of a domain without mail' same "$(sed -n 2p <<<"$out")" '  Grade         none: the domain says that it takes no mail (RFC 7505)'
run report unresolved.example
ok 'report of a domain that DNS kept back' same "$(sed -n 2p <<<"$out")" '  Grade         ungraded (DNS gave no answer)'
run report --json bücher.example
ok 'report --json is one object with every fact' same "$(python3 -c '
import json, sys
d = json.loads(sys.argv[1])
print(d["domain"], d["grade"], [(m["preference"], m["exchange"], m["grade"], [(a["address"], len(a["facts"]), len(a["findings"]), len((a["certificate"] or {}).get("flags", "")), (a["certificate"] or {}).get("cn_match")) for a in m["addresses"]]) for m in d["mx"]])' "$out")" \
    "xn--bcher-kva.example F [(10, 'mx1.example.net', 'A+', [('192.0.2.1', 31, 0, 3, True), ('2001:db8::1', 31, 0, 3, True)]), (20, 'mx2.example.net', 'F', [('192.0.2.2', 31, 10, 4, True)]), (30, 'mx3.example.net', None, [('192.0.2.3', 31, 0, 0, None)])]"
ok 'and what addresses are called, and who may issue for exchanges' same "$(python3 -c '
import json, sys
d = json.loads(sys.argv[1])
print([(m["caa"]["status"], m["caa"]["domain"], len(m["caa"]["records"]), m["caa"]["issuers"], [tuple(a["reverse"][k] for k in ("status", "names", "confirmed")) for a in m["addresses"]]) for m in d["mx"]])' "$out")" \
    "[('found', 'example.net', 2, ['ca.example', 'other-ca.example'], [('found', ['mail.example.net', 'mx1.example.net'], 'yes'), ('none', [], 'no')]), \
('found', 'mx2.example.net', 1, [], [('found', ['host-2.isp.example'], 'no')]), ('unknown', None, 0, None, [('unknown', [], 'unknown')])]"
ok 'and all that the domain publishes' same "$(python3 -c '
import json, sys
d = json.loads(sys.argv[1])
s = d["mta_sts"]
print(d["domain_unicode"], d["dnssec"], d["dane"], d["tlsrpt"])
print(s["status"], s["id"], s["max_age"], s["patterns"], s["not_covered"], s["failing"], s["mail_bounces"])
print([(f["code"], f["exchange"], (f["record"] or "")[:20]) for f in d["findings"]])
print([(m["dnssec"], m["tlsa_base"], len(m["tlsa"]), [a["dane"] for a in m["addresses"]]) for m in d["mx"]])' "$out")" \
    "bücher.example secure secure-mismatch {'rua': None, 'reason': 'several_records', 'status': 'invalid'}
enforce 20261101 604800 ['mx1.example.net', 'mx2.example.net'] ['mx3.example.net'] ['mx2.example.net'] False
[('DANE_MISMATCH', 'mx2.example.net', '_25._tcp.mx2.example'), ('MTA_STS_MX_FAILS', 'mx2.example.net', ''), \
('MTA_STS_MX_NOT_COVERED', 'mx3.example.net', 'mx: mx3.example.net'), ('NO_DANE', 'mx3.example.net', ''), ('TLSRPT_INVALID', None, '_smtp._tls.xn--bcher')]
[('secure', 'mx1.example.net', 1, [{'why': None, 'status': 'secure-match'}, {'why': None, 'status': 'secure-match'}]), \
('secure', 'mx2.example.net', 1, [{'why': '3 1 1: another key', 'status': 'secure-mismatch'}]), ('secure', 'mx3.example.net', 0, [{'why': None, 'status': 'none'}])]"
sql -c "UPDATE mxgrade.endpoint SET (reachable, starttls_advertised, tls_broken, reason, fact_evidence) = ('yes', 'yes', 'yes', 'tls_broken',
        '{\"tls_enabled\": {\"reason\": \"tls_broken\"}, \"tls_broken\": {\"evidence\": \"inferred\", \"attempts\": 3, \"seconds\": 1830, \"failure\": \"alert 80\"}}')
    WHERE survey_id = 1 AND address = '192.0.2.3'"
run report bücher.example
ok 'report says from what it follows that TLS is broken' same "$(grep -A 1 'TLS broken' <<<"$out")" \
    "    TLS broken                    inferred, 3 attempts over 30 minutes, each time: alert 80"
run report --json bücher.example
ok 'and so does report --json' same "$(python3 -c '
import json, sys
print(json.loads(sys.argv[1])["mx"][2]["addresses"][0]["facts"]["tls_broken"])' "$out")" \
    "{'value': 'yes', 'failure': 'alert 80', 'seconds': 1830, 'attempts': 3, 'evidence': 'inferred'}"
"$mxgrade" watch 2 >"$dir/watch" 2>&1 &
watcher=$!
until_true grep -qs submitted "$dir/watch"
sql -c "UPDATE mxgrade.survey SET state = 'complete' WHERE survey_id = 2" -c 'NOTIFY mxgrade_complete'
wait "$watcher"
ok 'watch follows a survey to its end' test "$?/$(grep -c '^complete 0%\|^complete' "$dir/watch")" = 0/1
ok 'and shows policies beside endpoints' grep -q 'endpoints 0/0  policies 0/0$' "$dir/watch"
"$mxgrade" submit --wait - <<<waiting.example >"$dir/wait.out" 2>"$dir/wait.err" &
waiter=$!
until_true grep -qs submitted "$dir/wait.err"
sql -c "UPDATE mxgrade.survey SET state = 'complete' WHERE survey_id = 0$(<"$dir/wait.out")" -c 'NOTIFY mxgrade_complete'
wait "$waiter"
ok 'submit --wait returns when the survey is complete' test "$?/$(sql -c 'SELECT max(survey_id) FROM mxgrade.survey')" = "0/$(<"$dir/wait.out")"
run list
ok 'list shows every survey' test "$code/$(grep -c complete <<<"$out")" = 0/3
"$mxgrade" list >/dev/full 2>"$dir/err"
ok 'a full disk is no success' test "$?/$(<"$dir/err")" = '1/mxgrade: cannot write to standard output'

# Rights.
sql -c 'CREATE ROLE reader LOGIN IN ROLE mxgrade_read' -c 'CREATE ROLE sender LOGIN IN ROLE mxgrade_submit'
run report --database 'dbname=cli user=reader' example.org
ok 'a reader may read reports' test "$code" = 0
run list --database 'dbname=cli user=reader'
ok 'and lists' test "$code" = 0
run submit --database 'dbname=cli user=reader' "$dir/dirty.txt"
ok 'but not submit' test "$code" = 1
ok 'nor read tables' same "$(sql -U reader -c 'SELECT 1 FROM mxgrade.domain' 2>&1)" 'ERROR:  permission denied for table domain'
run submit --database 'dbname=cli user=sender' "$dir/dirty.txt"
ok 'a submitter may submit' test "$code" = 0
run summary --database 'dbname=cli user=sender' "$out"
ok 'and see what becomes of it' test "$code" = 0
ok 'but not drop a survey with it' refuses 1 'permission denied' drop --database 'dbname=cli user=sender' 1
ok 'nor in SQL' same "$(sql -U sender -c 'SELECT mxgrade.drop_survey(1)' 2>&1)" 'ERROR:  permission denied for function drop_survey'

echo "$passed passed, $failed failed"
((failed == 0))
