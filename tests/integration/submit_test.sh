#!/bin/bash
# Surveys that come and go beside others, in a PostgreSQL cluster of their own: nobody waits for a list that comes slowly, nor for
# a survey that is dropped. In this database whoever waits for a lock fails within moments (lock_timeout), and what stands in
# nobody's way can be seen to: everything can be locked at once (NOWAIT).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
bin=${MXG_BIN:?name the build directory in MXG_BIN}
mxgrade=$bin/cli/mxgrade
dir=$(mktemp -d /tmp/mxgrade-submit-XXXXXX)
chmod 755 "$dir" # the server runs as another user
coordinator=
finish() {
    [ -z "$coordinator" ] || kill "$coordinator" 2>/dev/null
    wait
    "$here/pg.sh" stop "$dir/pg" >/dev/null 2>&1
    rm -rf "$dir"
}
trap finish EXIT
"$here/pg.sh" start "$dir/pg" >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
export PGHOST=$dir/pg PGUSER=mxgrade PGDATABASE=mxgrade PGTZ=UTC
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
sql -c "ALTER DATABASE mxgrade SET lock_timeout = '50ms'"

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
quietly() { "$@" >"$dir/out" 2>&1 || { sed 's/^/# /' "$dir/out"; return 1; }; }
until_true() { # COMMAND…: for at most half a minute
    local tries=600
    until "$@"; do
        ((tries-- > 0)) || { echo "# gave up: $*"; return 1; }
        sleep 0.05
    done
}
same() { [ "$1" = "$2" ] || { diff <(printf '%s\n' "$1") <(printf '%s\n' "$2") | sed 's/^/# /'; return 1; }; }
works() { [ "$(sql -c "SELECT count(*) FROM pg_stat_activity WHERE datname = 'mxgrade' AND query LIKE '$1' AND state = 'active'")" = 1 ]; }
surveys() { sql -c 'SELECT count(*) FROM mxgrade.survey'; }
all_tables=$(sql -c "SELECT string_agg('mxgrade.' || t, ', ') FROM unnest(mxgrade.survey_tables()) t")
everything_is_free() { sql -c BEGIN -c "LOCK TABLE $all_tables, mxgrade.survey IN ACCESS EXCLUSIVE MODE NOWAIT" -c ROLLBACK; }
tables_of() { sql -c "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '_$1\$' AND relnamespace = 'mxgrade'::regnamespace"; }
# A transaction that has looked at every survey, and stays: until release_reader.
hold_reader() {
    mkfifo "$dir/reader.$1"
    sql <"$dir/reader.$1" >"$dir/reader.out" 2>&1 &
    reader=$!
    exec {reader_in}>"$dir/reader.$1"
    echo "BEGIN; SELECT count(*) FROM mxgrade.domain; SELECT count(*) FROM mxgrade.submitted_line;" >&"$reader_in"
    until_true has_read
}
has_read() { [ "$(wc -l <"$dir/reader.out")" -ge 2 ]; }
release_reader() { echo '\q' >&"$reader_in"; exec {reader_in}>&-; wait "$reader"; }

# A survey at work: a coordinator that takes lists in, and whose look-ups wait for a resolver.
"$bin/coordinator/mxgrade-coordinator" --database '' --jobs "ipc://$dir/jobs" --resolver 127.0.0.1:1 >"$dir/coordinator.log" 2>&1 &
coordinator=$!
{ seq -f 'site%g.test' 1 30000; echo good.test; } >"$dir/big"
printf 'good.test\nother.test\n' >"$dir/small"
"$mxgrade" submit "$dir/big" >/dev/null 2>&1
taken_in() { [ "$(sql -c "SELECT state = 'running' AND intake_line > 0 FROM mxgrade.survey WHERE survey_id = $1")" = t ]; }
ok 'a survey is at work' until_true taken_in 1

# A list from a pipe, which stays open.
mkfifo "$dir/pipe"
"$mxgrade" submit --name slow - <"$dir/pipe" >"$dir/slow.out" 2>"$dir/slow.err" &
slow=$!
exec {pipe}>"$dir/pipe"
seq -f 'slow%g.test' 1 20000 >&"$pipe" # more than a buffer holds: some of it is in the database
until_true works 'COPY%'
ok 'of what others use a list under way has nothing locked' same "$(sql -c "
    SELECT count(*) > 0, count(*) FILTER (WHERE c.relname !~ '^submitted_line_2' AND c.relname <> 'survey_survey_id_seq')
    FROM pg_stat_activity a JOIN pg_locks l USING (pid) JOIN pg_class c ON c.oid = l.relation
    WHERE a.query LIKE 'COPY%' AND c.relnamespace = 'mxgrade'::regnamespace")" 't|0'
kill -STOP "$coordinator"
until_true everything_is_free 2>/dev/null
ok 'so that all of it could be locked' everything_is_free
kill -CONT "$coordinator"
ok 'the survey is not there before its list is whole' same "$(surveys)" 1
ok 'a summary waits for nobody' quietly "$mxgrade" summary 1
ok 'nor does a list of surveys' quietly "$mxgrade" list

submit_some() {
    local i bad=0
    for i in $(seq 10); do "$mxgrade" submit --name "small $1.$i" "$dir/small" >/dev/null 2>"$dir/err.$1" || { bad=1; sed 's/^/# /' "$dir/err.$1"; }; done
    return $bad
}
submitters=()
for i in 1 2 3 4; do submit_some $i & submitters+=($!); done
bad=0
for pid in "${submitters[@]}"; do wait "$pid" || bad=1; done
ok 'forty lists are stored meanwhile, four at a time' same "$bad/$(surveys)" 0/41
exec {pipe}>&-
wait "$slow"
ok 'and then the slow one' same "$?/$(sql -c "SELECT lines, name FROM mxgrade.survey WHERE survey_id = $(<"$dir/slow.out")")" '0/20000|slow'
ok 'with all its lines, keys and indexes' same "$(sql -c "SELECT count(*) FROM mxgrade.submitted_line WHERE survey_id = 2" \
    -c "SELECT count(*) FROM pg_index WHERE indrelid = 'mxgrade.submitted_line_2'::regclass" \
    -c "SELECT count(*) FROM pg_index WHERE indrelid = 'mxgrade.submitted_line'::regclass" \
    -c "SELECT count(*) FROM pg_constraint WHERE conrelid = 'mxgrade.submitted_line_2'::regclass AND conname = 'this_survey'" \
    -c "SELECT has_table_privilege('mxgrade_read', 'mxgrade.submitted_line_2', 'INSERT')")" $'20000\n2\n2\n0\nf'
"$mxgrade" submit - <"$dir/pipe" >/dev/null 2>&1 &
slow=$!
exec {pipe}>"$dir/pipe"
seq -f 'never%g.test' 1 20000 >&"$pipe"
until_true works 'COPY%'
kill -KILL "$slow"
wait "$slow" 2>/dev/null
exec {pipe}>&-
gone() { ! works 'COPY%'; }
until_true gone
ok 'of a list that is broken off nothing is left' same "$(sql -c "
    SELECT count(*) FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid WHERE relkind = 'r' AND relname ~ '^submitted_line_' AND i.inhrelid IS NULL")" 0

# Drops beside a reader that stays.
hold_reader 1
"$mxgrade" drop 3 >"$dir/drop.out" 2>&1 &
dropper=$!
until_true works '%CONCURRENTLY'
waits_for_reader() { [ "$(sql -c "SELECT wait_event FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY' AND state = 'active'")" = virtualxid ]; }
ok 'a drop waits for whoever reads' until_true waits_for_reader
ok 'and has nothing locked meanwhile' same "$(sql -c "
    SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.query LIKE '%CONCURRENTLY' AND l.locktype = 'relation'")" 0
ok 'a survey that is being dropped is cancelled' same "$(sql -c 'SELECT state FROM mxgrade.survey WHERE survey_id = 3')" cancelled
ok 'a summary does not wait for the drop' quietly "$mxgrade" summary 1
ok 'nor does a list' quietly "$mxgrade" submit "$dir/small"
release_reader
wait "$dropper"
ok 'when the reader is gone so is the survey' same "$?/$(<"$dir/drop.out")/$(tables_of 3)/$(sql -c 'SELECT count(*) FROM mxgrade.survey WHERE survey_id = 3')" '0/Survey 3 is gone./0/0'
"$mxgrade" drop 3 >/dev/null 2>"$dir/err"
ok 'a second time there is none' same "$?/$(<"$dir/err")" "3/mxgrade: there is no survey 3; 'mxgrade list' shows them"

hold_reader 2
"$mxgrade" drop 4 >/dev/null 2>&1 &
dropper=$!
until_true waits_for_reader
backend=$(sql -c "SELECT pid FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY' AND state = 'active'")
sql -o /dev/null -c "SELECT pg_terminate_backend($backend)"
wait "$dropper"
release_reader
ok 'a drop that was broken off leaves the survey cancelled' same "$(sql -c 'SELECT state FROM mxgrade.survey WHERE survey_id = 4')" cancelled
ok 'and stands in no other'\''s way' quietly "$mxgrade" drop 5
ok 'and is made again' quietly "$mxgrade" drop 4
ok 'to its end' same "$(tables_of 4)$(tables_of 5)$(sql -c 'SELECT count(*) FROM mxgrade.survey WHERE survey_id IN (4, 5)')" 000

readers=()
read_on() { local i; for i in $(seq 20); do sql -o /dev/null -c 'SELECT count(*) FROM mxgrade.survey_summary' -c 'SELECT count(*) FROM mxgrade.domain_grade' || return 1; done; }
for i in 1 2; do read_on >"$dir/reader.err" 2>&1 & readers+=($!); done
bad=0
for i in 6 7 8 9; do "$mxgrade" drop $i >/dev/null 2>"$dir/err" || { bad=1; cat "$dir/err"; }; done
"$mxgrade" drop 1 >/dev/null 2>"$dir/err" || { bad=1; cat "$dir/err"; } # at work
for pid in "${readers[@]}"; do wait "$pid" || { bad=1; cat "$dir/reader.err"; }; done
ok 'drops and readers side by side' same "$bad/$(tables_of 1)" 0/0

# In SQL alone.
hold_reader 3
sql -c 'SELECT mxgrade.drop_survey(10)' >"$dir/drop.out" 2>&1 &
dropper=$!
until_true works 'SELECT mxgrade.drop_survey%'
ok 'drop_survey() gives way to a reader' quietly "$mxgrade" summary 11
release_reader
wait "$dropper"
ok 'and comes to its end' same "$?/$(tables_of 10)" 0/0

ok 'nobody met a deadlock' same "$(grep -c 'deadlock' "$dir/pg/server.log")" 0
ok 'and the coordinator waited for nobody' same "$(grep -c 'lock timeout\|deadlock' "$dir/coordinator.log")" 0

echo "$passed passed, $failed failed"
((failed == 0))
