#!/bin/bash
# The views of schema/001_2_policies.sql in a PostgreSQL cluster of their own, over policies_fixture.sql: a domain for each
# case, and what the views must say of it.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d /tmp/mxgrade-policies-XXXXXX)
chmod 755 "$dir" # the server runs as another user
trap '"$here/pg.sh" stop "$dir/pg" >/dev/null 2>&1; rm -rf "$dir"' EXIT
"$here/pg.sh" start "$dir/pg" >/dev/null || { echo "Bail out! no PostgreSQL"; exit 1; }
export PGHOST=$dir/pg PGUSER=mxgrade PGDATABASE=mxgrade PGTZ=UTC
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }
sql -f "$here/policies_fixture.sql" || { echo "Bail out! no fixture"; exit 1; }

passed=0 failed=0
# What the query says, line for line.
says() { # DESCRIPTION QUERY EXPECTED
    local got
    if got=$(sql -c "$2" 2>&1) && [ "$got" = "$3" ]; then
        passed=$((passed + 1))
        echo "ok - $1"
    else
        failed=$((failed + 1))
        diff <(printf '%s\n' "$3") <(printf '%s\n' "$got") | sed 's/^/# /'
        echo "not ok - $1"
    fi
}

says 'a pattern is a name, or a star for exactly one label' "
    SELECT name, pattern, mxgrade.name_covered(name, ARRAY['x.test', pattern]) FROM (VALUES
        ('a.test', 'a.test'), ('a.b.test', '*.b.test'), ('a.a.b.test', '*.b.test'), ('b.test', '*.b.test'), ('a.b.test', '*.test'),
        ('ab.test', '*b.test'), ('a.b.test', 'a.*.test'), ('a.test', '*'), ('.b.test', '*.b.test'), ('test', '*'), ('a.b.test', 'b.test')) v (name, pattern)" \
    'a.test|a.test|t
a.b.test|*.b.test|t
a.a.b.test|*.b.test|f
b.test|*.b.test|f
a.b.test|*.test|f
ab.test|*b.test|f
a.b.test|a.*.test|f
a.test|*|f
.b.test|*.b.test|t
test|*|f
a.b.test|b.test|f'
says 'without patterns nothing is covered' "SELECT mxgrade.name_covered('a.test', '{}'), mxgrade.name_covered('a.test', NULL), mxgrade.name_covered('a.test', ARRAY[NULL])" 'f|f|f'

says 'a TLSA record is usable by its first three numbers' "
    SELECT r, mxgrade.tlsa_usable(ARRAY['0 0 1 00', r]) FROM unnest(ARRAY['3 1 1 aa', '2 0 2 aa', '1 1 1 aa', '3 2 1 aa', '3 1 3 aa', '3 1 1', '13 1 1 aa']) AS r" \
    '3 1 1 aa|t
2 0 2 aa|t
1 1 1 aa|f
3 2 1 aa|f
3 1 3 aa|f
3 1 1|f
13 1 1 aa|f'

says 'MTA-STS: record, policy, and its exchanges' "
    SELECT domain, status, reason, not_covered, failing, mail_bounces FROM mxgrade.mta_sts WHERE survey_id = 1 AND (reason IS NOT NULL OR status NOT IN ('none'))
    UNION ALL SELECT domain, status, reason, not_covered, failing, mail_bounces FROM mxgrade.mta_sts
              WHERE survey_id = 1 AND domain IN ('none.test', 'saysnone.test', 'withdrawn.test') ORDER BY domain" \
    'badandsilent.test|enforce||{}|{badandsilent.mx.test}|f
badpolicy.test|invalid|no_max_age|{}|{}|f
badrecord.test|invalid|no_id|{}|{}|f
bogusempty.test|unknown|dns|{}|{}|f
bothbad.test|enforce||{}|{bothbad.mx.test}|t
bounces.test|enforce||{good.mx.test}|{plain.mx.test}|t
enforce.test|enforce||{}|{}|f
fails.test|enforce||{}|{tls10.mx.test,untrusted.mx.test,expired.mx.test,misnamed.mx.test}|f
fetching.test|pending||{}|{}|f
literal.test|enforce||{192.0.2.1}|{}|t
noaddress.test|enforce||{}|{}|f
nodns.test|unknown|dns|{}|{}|f
nofetch.test|unknown|timeout|{}|{}|f
nomail.test|not_asked||{}|{}|f
none.test|none||{}|{}|f
norow.test|pending||{}|{}|f
notnames.test|testing||{"10\\032mx.good.test",http://mx.good.test,"mx.good.test\\","mx.good.test\\010",*.good.test,"mx\\.good.test",-mx.good.test,2001:db8::a,mail,_mx.good.test}|{}|f
open.test|pending||{}|{}|f
passedover.test|enforce||{none.mx.test}|{plain.mx.test}|f
saysnone.test|none||{}|{}|f
securenomail.test|not_asked||{}|{}|f
testbounce.test|testing||{}|{plain.mx.test}|f
testing.test|testing||{plain.mx.test}|{}|f
twoaddresses.test|enforce||{}|{two.mx.test}|f
unknown.test|unknown|dns|{}|{}|f
withdrawn.test|none||{}|{}|f'

says 'DANE of every exchange and address' "
    SELECT domain, exchange, host(address), status, why FROM mxgrade.dane
    WHERE survey_id = 1 AND domain IN (SELECT domain FROM mxgrade.mta_sts WHERE survey_id = 1 AND status = 'none')
      AND domain NOT IN ('none.test', 'saysnone.test', 'withdrawn.test') ORDER BY 1, preference, address" \
    'a.b.wild.test|other.mx.test|10.0.0.12|secure-mismatch|
a.wild.test|other.mx.test|10.0.0.12|secure-match|
bogus.test|good.mx.test|10.0.0.1|bogus|
gone.test|noaddress.mx.test||unknown|
insecure.test|good.mx.test|10.0.0.1|insecure|
match.test|good.mx.test|10.0.0.1|secure-match|
match.test|tls13.mx.test|10.0.0.2|secure-match|
mismatch.test|good.mx.test|10.0.0.1|secure-match|
mismatch.test|mismatch.mx.test|10.0.0.10|secure-mismatch|3 1 1: another key
mismatchandnone.test|none.mx.test|10.0.0.15|none|
mismatchandnone.test|mismatch.mx.test|10.0.0.10|secure-mismatch|3 1 1: another key
mxbogus.test|misnamed.mx.test|10.0.0.9|bogus|
mxbogus.test|good.mx.test|10.0.0.1|secure-match|
mxinsecure.test|tls10.mx.test|10.0.0.4|insecure|
mxunchecked.test|halfknown.mx.test|10.0.0.5|unchecked|
nexthop-cn.test|othercn.mx.test|10.2.0.1|secure-match|
nexthop-san.test|other.mx.test|10.0.0.12|secure-match|
nothing.test|none.mx.test|10.0.0.15|none|
other.test|other.mx.test|10.0.0.12|secure-mismatch|
partial.test|good.mx.test|10.0.0.1|secure-match|
partial.test|none.mx.test|10.0.0.15|none|
partialinsecure.test|unusable.mx.test|10.0.0.11|secure-unusable|
partialinsecure.test|tls10.mx.test|10.0.0.4|insecure|
plain.test|plain.mx.test|10.0.0.3|secure-mismatch|no TLS
silent.test|silent.mx.test|10.0.0.6|unknown|
tlsabogus.test|tlsabogus.mx.test|10.0.0.13|bogus|
tlsainsecure.test|expired.mx.test|10.0.0.8|insecure|
tlsaunknown.test|tlsaunknown.mx.test|10.0.0.14|unknown|
tlsaunknown.test|good.mx.test|10.0.0.1|secure-match|
unchecked.test|good.mx.test|10.0.0.1|unchecked|
unusable.test|good.mx.test|10.0.0.1|secure-match|
unusable.test|unusable.mx.test|10.0.0.11|secure-unusable|'

says 'DANE of every domain: its worst exchange, or partial' "
    SELECT dane, string_agg(domain, ' ' ORDER BY domain) FROM mxgrade.domain_policy
    WHERE survey_id = 1 AND (dnssec <> 'insecure' OR domain IN ('insecure.test', 'nomail.test')) GROUP BY dane ORDER BY dane" \
    'bogus|bogus.test bogusempty.test mxbogus.test tlsabogus.test
insecure|insecure.test mxinsecure.test tlsainsecure.test
none|nothing.test
not_asked|nomail.test securenomail.test
partial|partial.test partialinsecure.test
secure-match|a.wild.test match.test nexthop-cn.test nexthop-san.test
secure-mismatch|a.b.wild.test mismatch.test mismatchandnone.test other.test plain.test
secure-unusable|unusable.test
unchecked|mxunchecked.test unchecked.test
unknown|gone.test silent.test tlsaunknown.test unknown.test'
says 'every domain has one row of policy' "SELECT count(*), count(DISTINCT domain), (SELECT count(*) FROM mxgrade.domain WHERE survey_id = 1) = count(*) FROM mxgrade.domain_policy WHERE survey_id = 1" '50|50|t'
says 'which carries MTA-STS and TLS-RPT' "SELECT domain, mx_status, dnssec, mta_sts, mta_sts_reason, mta_sts_not_covered, mta_sts_failing, mta_sts_bounces, tlsrpt, tlsrpt_rua
    FROM mxgrade.domain_policy WHERE survey_id = 1 AND domain IN ('bounces.test', 'badrecord.test') ORDER BY 1" \
    'badrecord.test|mx|insecure|invalid|no_id|{}|{}|f|invalid|{mailto:a@example.org}
bounces.test|mx|insecure|enforce||{good.mx.test}|{plain.mx.test}|t|valid|{mailto:a@example.org}'

says 'what is no host name has no place in a record' "
    SELECT n, mxgrade.is_host_name(n) FROM unnest(ARRAY['mx.test', 'a_b.mx-1.test', '_mx.x.test', '3com.test', '1.2.test', 'xn--a.xn--b',
        'mail', '192.0.2.1', '2001:db8::a', '10\\032mx.test', 'http://mx.test', 'mx.test\\', 'mx.test.', 'mx.test\\010', E'mx.test\n', 'mx\\.test', '*.x.test',
        '-a.test', 'a-.test', 'a..test', '.a.test', 'a b.test', 'A.test', 'b\u00fc.test', repeat('a', 64) || '.test', repeat('a.', 126) || 'bb', '']) AS n WHERE mxgrade.is_host_name(n)" \
    'mx.test|t
a_b.mx-1.test|t
_mx.x.test|t
3com.test|t
1.2.test|t
xn--a.xn--b|t'

findings() { echo "SELECT domain, exchange, record FROM mxgrade.domain_finding WHERE survey_id = 1 AND code = '$1' ORDER BY 1, 2"; }
says 'finding MTA_STS_INVALID, with a policy that names host names alone' "$(findings MTA_STS_INVALID)" \
    'badpolicy.test||_mta-sts.badpolicy.test. IN TXT "v=STSv1; id=20261125T170000;"
https://mta-sts.badpolicy.test/.well-known/mta-sts.txt
version: STSv1
mode: testing
mx: good.mx.test
max_age: 86400
badrecord.test||_mta-sts.badrecord.test. IN TXT "v=STSv1; id=20261125T170000;"
https://mta-sts.badrecord.test/.well-known/mta-sts.txt
version: STSv1
mode: testing
mx: good.mx.test
max_age: 86400'
says 'finding MTA_STS_TESTING, with the policy to enforce' "$(findings MTA_STS_TESTING)" \
    'notnames.test||_mta-sts.notnames.test. IN TXT "v=STSv1; id=20261125T170000;"
https://mta-sts.notnames.test/.well-known/mta-sts.txt
version: STSv1
mode: enforce
mx: good.mx.test
mx: _mx.good.test
max_age: 1209600
testbounce.test||_mta-sts.testbounce.test. IN TXT "v=STSv1; id=20261125T170000;"
https://mta-sts.testbounce.test/.well-known/mta-sts.txt
version: STSv1
mode: enforce
mx: plain.mx.test
max_age: 1209600
testing.test||_mta-sts.testing.test. IN TXT "v=STSv1; id=20261125T170000;"
https://mta-sts.testing.test/.well-known/mta-sts.txt
version: STSv1
mode: enforce
mx: plain.mx.test
mx: good.mx.test
max_age: 1209600'
says 'finding NO_MTA_STS' "SELECT count(*), count(record), bool_and(domain LIKE '%.test'), count(*) FILTER (WHERE domain IN ('saysnone.test', 'withdrawn.test', 'nomail.test'))
    FROM mxgrade.domain_finding WHERE survey_id = 1 AND code = 'NO_MTA_STS'" '27|27|t|2'
says 'finding MTA_STS_MX_NOT_COVERED, with the line to add where there can be one' "$(findings MTA_STS_MX_NOT_COVERED)" \
    'bounces.test|good.mx.test|mx: good.mx.test
literal.test|192.0.2.1|
notnames.test|*.good.test|
notnames.test|-mx.good.test|
notnames.test|10\032mx.good.test|
notnames.test|2001:db8::a|
notnames.test|_mx.good.test|mx: _mx.good.test
notnames.test|http://mx.good.test|
notnames.test|mail|
notnames.test|mx.good.test\|
notnames.test|mx.good.test\010|
notnames.test|mx\.good.test|
passedover.test|none.mx.test|mx: none.mx.test
testing.test|plain.mx.test|mx: plain.mx.test'
says 'finding MTA_STS_MX_FAILS' "$(findings MTA_STS_MX_FAILS)" \
    'badandsilent.test|badandsilent.mx.test|
bothbad.test|bothbad.mx.test|
bounces.test|plain.mx.test|
fails.test|expired.mx.test|
fails.test|misnamed.mx.test|
fails.test|tls10.mx.test|
fails.test|untrusted.mx.test|
passedover.test|plain.mx.test|
testbounce.test|plain.mx.test|
twoaddresses.test|two.mx.test|'
says 'finding NO_DANE, with the record of the key seen' "$(findings NO_DANE)" \
    'mismatchandnone.test|none.mx.test|_25._tcp.none.mx.test. IN TLSA 3 1 1 5a11
nothing.test|none.mx.test|_25._tcp.none.mx.test. IN TLSA 3 1 1 5a11
partial.test|none.mx.test|_25._tcp.none.mx.test. IN TLSA 3 1 1 5a11'
says 'finding DANE_MISMATCH, with the record at the base that was asked' "$(findings DANE_MISMATCH)" \
    'a.b.wild.test|other.mx.test|_25._tcp.other.mx.test. IN TLSA 3 1 1 5a11
mismatch.test|mismatch.mx.test|_25._tcp.real.mx.test. IN TLSA 3 1 1 5a11
mismatchandnone.test|mismatch.mx.test|_25._tcp.real.mx.test. IN TLSA 3 1 1 5a11
other.test|other.mx.test|_25._tcp.other.mx.test. IN TLSA 3 1 1 5a11'
says 'finding NO_TLSRPT' "$(findings NO_TLSRPT)" 'none.test||_smtp._tls.none.test. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@none.test"'
says 'finding TLSRPT_INVALID' "$(findings TLSRPT_INVALID)" 'badrecord.test||_smtp._tls.badrecord.test. IN TXT "v=TLSRPTv1; rua=mailto:tls-reports@badrecord.test"'
says 'finding NO_DNSSEC is for domains that take mail' "SELECT count(*), count(record), count(*) FILTER (WHERE domain = 'nomail.test') FROM mxgrade.domain_finding WHERE survey_id = 1 AND code = 'NO_DNSSEC'" '23|0|0'
says 'finding DNSSEC_BOGUS, of the domain or of an exchange' "$(findings DNSSEC_BOGUS)" \
    'bogus.test||
bogusempty.test||
mxbogus.test|misnamed.mx.test|
tlsabogus.test|tlsabogus.mx.test|'
says 'an unreadable certificate gives no record' "
    UPDATE mxgrade.exchange_endpoint SET certificate = sha256('broken') WHERE survey_id = 1 AND exchange = 'none.mx.test';
    SELECT count(*), count(record) FROM mxgrade.domain_finding WHERE survey_id = 1 AND code = 'NO_DANE'" '3|0'

# A survey and a domain in WHERE reach every table: nothing is planned over all surveys.
says 'no view touches another survey' "
    CREATE FUNCTION pg_temp.plan(p_query text) RETURNS SETOF text LANGUAGE plpgsql AS \$\$BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || p_query; END\$\$;
    SELECT v, count(*) FILTER (WHERE line ~ ' on [a-z_]+_2 ') FROM unnest('{mta_sts,dane,domain_policy,domain_finding}'::text[]) v
    CROSS JOIN LATERAL pg_temp.plan(format('SELECT * FROM mxgrade.%I WHERE survey_id = 1 AND domain = %L', v, 'fails.test')) line GROUP BY v ORDER BY v" \
    'dane|0
domain_finding|0
domain_policy|0
mta_sts|0'
says 'progress counts policies' "SELECT policies, policies_pending FROM mxgrade.survey_progress WHERE survey_id = 1" '17|0'
says 'a certificate for what the domain is an alias of is one for the domain' "
    UPDATE mxgrade.domain SET alias_of = 'x.wild.test' WHERE survey_id = 1 AND name = 'other.test';
    SELECT status FROM mxgrade.dane WHERE survey_id = 1 AND domain = 'other.test'" 'secure-match'
says 'where an address may be missing nothing bounces for certain, and a validation that failed is told' "
    UPDATE mxgrade.exchange SET flags = '{aaaa_failed,address_bogus}' WHERE survey_id = 1 AND exchange IN ('plain.mx.test', 'unusable.mx.test');
    SELECT failing::text, mail_bounces::text FROM mxgrade.mta_sts WHERE survey_id = 1 AND domain = 'bounces.test'
    UNION ALL SELECT status, exchange FROM mxgrade.dane WHERE survey_id = 1 AND domain = 'unusable.test'
    UNION ALL SELECT code, exchange FROM mxgrade.domain_finding WHERE survey_id = 1 AND domain = 'unusable.test' AND code = 'DNSSEC_BOGUS'" \
    '{plain.mx.test}|false
secure-match|good.mx.test
secure-unusable|unusable.mx.test
DNSSEC_BOGUS|unusable.mx.test'

echo "$passed passed, $failed failed"
((failed == 0))
