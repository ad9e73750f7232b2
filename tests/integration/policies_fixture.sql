-- A domain for each case of the views in schema/001_2_policies.sql, named after it; the test expects by name. An exchange
-- is named after what its server does, and has one address unless it says two.
SELECT mxgrade.create_survey('policies', 3, '10 minutes') AS survey \gset
SELECT mxgrade.create_survey('another', 3, '10 minutes') AS another \gset

INSERT INTO mxgrade.finding_code SELECT code, 'advice', code, code
FROM unnest('{NO_MTA_STS,MTA_STS_INVALID,MTA_STS_MX_NOT_COVERED,MTA_STS_TESTING,MTA_STS_MX_FAILS,NO_DANE,DANE_MISMATCH,NO_TLSRPT,TLSRPT_INVALID,NO_DNSSEC,DNSSEC_BOGUS}'::text[]) code
ON CONFLICT DO NOTHING;

-- Exchanges: DNS, then the server at 10.0.0.N (and 10.1.0.N).
CREATE TEMP TABLE server (n serial, exchange text, dnssec text, tlsa_status text, base text, dane text, tls text, tls1_2 text, tls1_3 text, trusted text, in_date text, san boolean, second_fails boolean);
INSERT INTO server (exchange, dnssec, tlsa_status, base, dane, tls, tls1_2, tls1_3, trusted, in_date, san, second_fails) VALUES
    ('good.mx.test', 'secure', 'secure', NULL, 'match', 'yes', 'yes', 'no', 'yes', 'yes', true, NULL),
    ('tls13.mx.test', 'secure', 'secure', NULL, 'match', 'yes', 'no', 'yes', 'yes', 'yes', true, NULL),
    ('plain.mx.test', 'secure', 'secure', NULL, 'not_asked', 'no', 'unknown', 'unknown', 'unknown', 'unknown', NULL, NULL),
    ('tls10.mx.test', 'insecure', 'not_asked', NULL, 'not_asked', 'yes', 'no', 'no', 'yes', 'yes', true, NULL),
    ('halfknown.mx.test', 'unchecked', 'not_asked', NULL, 'not_asked', 'yes', 'no', 'unknown', 'unknown', 'unknown', NULL, NULL),
    ('silent.mx.test', 'secure', 'secure', NULL, 'not_asked', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', NULL, NULL),
    ('untrusted.mx.test', 'secure', 'none', NULL, 'not_asked', 'yes', 'yes', 'yes', 'no', 'yes', true, NULL),
    ('expired.mx.test', 'secure', 'insecure', NULL, 'not_asked', 'yes', 'yes', 'yes', 'yes', 'no', true, NULL),
    ('misnamed.mx.test', 'bogus', 'not_asked', NULL, 'not_asked', 'yes', 'yes', 'yes', 'yes', 'yes', false, NULL),
    ('mismatch.mx.test', 'secure', 'secure', 'real.mx.test', 'mismatch', 'yes', 'yes', 'yes', 'yes', 'yes', true, NULL),
    ('unusable.mx.test', 'secure', 'secure', NULL, 'unusable', 'yes', 'yes', 'yes', 'yes', 'yes', true, NULL),
    ('other.mx.test', 'secure', 'secure', NULL, 'other_name', 'yes', 'yes', 'yes', 'no', 'yes', false, NULL),
    ('tlsabogus.mx.test', 'secure', 'bogus', NULL, 'not_asked', 'yes', 'yes', 'yes', 'yes', 'yes', true, NULL),
    ('tlsaunknown.mx.test', 'secure', 'unknown', NULL, 'not_asked', 'yes', 'yes', 'yes', 'yes', 'yes', true, NULL),
    ('none.mx.test', 'secure', 'none', NULL, 'not_asked', 'yes', 'yes', 'yes', 'yes', 'yes', true, NULL),
    ('two.mx.test', 'secure', 'secure', NULL, 'match', 'yes', 'yes', 'yes', 'yes', 'yes', true, true),
    ('bothbad.mx.test', 'secure', 'secure', NULL, 'mismatch', 'yes', 'yes', 'yes', 'no', 'yes', true, true),
    ('badandsilent.mx.test', 'secure', 'secure', NULL, 'mismatch', 'yes', 'yes', 'yes', 'no', 'yes', true, false),
    ('192.0.2.1', 'unknown', 'not_asked', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    ('noaddress.mx.test', 'secure', 'secure', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO mxgrade.certificate_row (sha256, spki_sha256, der, subject_cn, san)
VALUES (sha256('san'), '\x5a11', '\x30', 'other.test', '{nexthop-san.test,*.wild.test}'), (sha256('cn'), '\xc111', '\x30', 'Nexthop-CN.test', '{}'),
       (sha256('broken'), NULL, '\x30', NULL, NULL);
INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status, dnssec, tlsa_status, tlsa_base)
SELECT :survey, exchange, 'ok', dnssec::mxgrade.dnssec, tlsa_status::mxgrade.tlsa_status, base FROM server;
INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status, dnssec, tlsa_status) VALUES (:survey, 'othercn.mx.test', 'ok', 'secure', 'secure');
INSERT INTO mxgrade.endpoint (survey_id, address, shuffle, tls_enabled, tls1_2, tls1_3)
SELECT :survey, '10.0.0.0'::inet + n, n, tls::mxgrade.tri, tls1_2::mxgrade.tri, tls1_3::mxgrade.tri FROM server WHERE tls IS NOT NULL
UNION ALL
SELECT :survey, '10.1.0.0'::inet + n, n, CASE WHEN second_fails THEN 'no' ELSE 'unknown' END::mxgrade.tri, 'unknown', 'unknown'
FROM server WHERE second_fails IS NOT NULL
UNION ALL SELECT :survey, '10.2.0.1', 1, 'yes', 'yes', 'yes';
INSERT INTO mxgrade.exchange_endpoint (survey_id, exchange, address, certificate, cert_trusted, cert_in_date, san_match, dane, dane_why)
SELECT :survey, exchange, '10.0.0.0'::inet + n, CASE WHEN san IS NOT NULL THEN sha256('san') END, trusted::mxgrade.tri, in_date::mxgrade.tri, san,
       dane::mxgrade.dane_match, CASE dane WHEN 'mismatch' THEN '3 1 1: another key' END
FROM server WHERE tls IS NOT NULL
UNION ALL
SELECT :survey, exchange, '10.1.0.0'::inet + n, NULL, 'unknown', 'unknown', NULL, 'not_asked', NULL FROM server WHERE second_fails IS NOT NULL
UNION ALL SELECT :survey, 'othercn.mx.test', '10.2.0.1', sha256('cn'), 'no', 'yes', false, 'other_name', NULL;

-- Domains: what DNS says, exchanges in order, the policy.
CREATE TEMP TABLE asked (name text, mx_status text, dnssec text, record text, exchanges text[], status text, mode text, mx text[]);
INSERT INTO asked VALUES
    -- MTA-STS
    ('none.test', 'mx', 'insecure', 'none', '{good.mx.test}', NULL, NULL, NULL),
    ('badrecord.test', 'mx', 'insecure', 'invalid', '{good.mx.test}', NULL, NULL, NULL),
    ('nodns.test', 'mx', 'insecure', 'unknown', '{good.mx.test}', NULL, NULL, NULL),
    ('open.test', 'mx', 'insecure', 'pending', '{good.mx.test}', NULL, NULL, NULL),
    ('nomail.test', 'null_mx', 'insecure', 'not_asked', NULL, NULL, NULL, NULL),
    ('norow.test', 'mx', 'insecure', 'valid', '{good.mx.test}', NULL, NULL, NULL),
    ('fetching.test', 'mx', 'insecure', 'valid', '{good.mx.test}', 'pending', NULL, NULL),
    ('nofetch.test', 'mx', 'insecure', 'valid', '{good.mx.test}', 'unknown', NULL, NULL),
    ('badpolicy.test', 'mx', 'insecure', 'valid', '{good.mx.test,192.0.2.1}', 'invalid', NULL, NULL),
    ('saysnone.test', 'mx', 'insecure', 'valid', '{good.mx.test}', 'valid', 'none', '{}'),
    ('withdrawn.test', 'mx', 'insecure', 'none', '{plain.mx.test}', 'valid', 'enforce', '{x.test}'),
    ('enforce.test', 'mx', 'insecure', 'valid', '{good.mx.test,tls13.mx.test}', 'valid', 'enforce', '{*.mx.test}'),
    ('testing.test', 'mx', 'insecure', 'valid', '{plain.mx.test,good.mx.test}', 'valid', 'testing', '{good.mx.test}'),
    ('bounces.test', 'mx', 'insecure', 'valid', '{plain.mx.test,good.mx.test}', 'valid', 'enforce', '{plain.mx.test,*.good.mx.test}'),
    ('testbounce.test', 'mx', 'insecure', 'valid', '{plain.mx.test}', 'valid', 'testing', '{plain.mx.test}'),
    ('passedover.test', 'mx', 'insecure', 'valid', '{plain.mx.test,none.mx.test,good.mx.test}', 'valid', 'enforce', '{plain.mx.test,good.mx.test}'),
    ('fails.test', 'mx', 'insecure', 'valid', '{tls10.mx.test,untrusted.mx.test,expired.mx.test,misnamed.mx.test,halfknown.mx.test,silent.mx.test}', 'valid', 'enforce', '{*.mx.test}'),
    ('twoaddresses.test', 'mx', 'insecure', 'valid', '{two.mx.test}', 'valid', 'enforce', '{*.mx.test}'),
    ('bothbad.test', 'mx', 'insecure', 'valid', '{bothbad.mx.test}', 'valid', 'enforce', '{*.mx.test}'),
    ('badandsilent.test', 'mx', 'insecure', 'valid', '{badandsilent.mx.test}', 'valid', 'enforce', '{*.mx.test}'),
    ('noaddress.test', 'mx', 'insecure', 'valid', '{noaddress.mx.test}', 'valid', 'enforce', '{*.mx.test}'),
    ('literal.test', 'mx', 'insecure', 'valid', '{192.0.2.1}', 'valid', 'enforce', '{*.mx.test}'),
    ('notnames.test', 'mx', 'insecure', 'valid', ARRAY['good.mx.test', '10\032mx.good.test', 'http://mx.good.test', 'mx.good.test\', 'mx.good.test\010', '*.good.test', 'mx\.good.test', '-mx.good.test', '2001:db8::a', 'mail', '_mx.good.test'],
     'valid', 'testing', '{good.mx.test}'),
    -- DANE
    ('match.test', 'mx', 'secure', 'none', '{good.mx.test,tls13.mx.test}', NULL, NULL, NULL),
    ('mismatch.test', 'mx', 'secure', 'none', '{good.mx.test,mismatch.mx.test}', NULL, NULL, NULL),
    ('mismatchandnone.test', 'mx', 'secure', 'none', '{none.mx.test,mismatch.mx.test}', NULL, NULL, NULL),
    ('plain.test', 'mx', 'secure', 'none', '{plain.mx.test}', NULL, NULL, NULL),
    ('unusable.test', 'mx', 'secure', 'none', '{good.mx.test,unusable.mx.test}', NULL, NULL, NULL),
    ('partial.test', 'mx', 'secure', 'none', '{good.mx.test,none.mx.test}', NULL, NULL, NULL),
    ('partialinsecure.test', 'mx', 'secure', 'none', '{unusable.mx.test,tls10.mx.test}', NULL, NULL, NULL),
    ('nothing.test', 'mx', 'secure', 'none', '{none.mx.test}', NULL, NULL, NULL),
    ('mxinsecure.test', 'mx', 'secure', 'none', '{tls10.mx.test}', NULL, NULL, NULL),
    ('tlsainsecure.test', 'mx', 'secure', 'none', '{expired.mx.test}', NULL, NULL, NULL),
    ('mxbogus.test', 'mx', 'secure', 'none', '{misnamed.mx.test,good.mx.test}', NULL, NULL, NULL),
    ('tlsabogus.test', 'mx', 'secure', 'none', '{tlsabogus.mx.test}', NULL, NULL, NULL),
    ('tlsaunknown.test', 'mx', 'secure', 'none', '{tlsaunknown.mx.test,good.mx.test}', NULL, NULL, NULL),
    ('mxunchecked.test', 'mx', 'secure', 'none', '{halfknown.mx.test}', NULL, NULL, NULL),
    ('silent.test', 'mx', 'secure', 'none', '{silent.mx.test}', NULL, NULL, NULL),
    ('gone.test', 'mx', 'secure', 'none', '{noaddress.mx.test}', NULL, NULL, NULL),
    ('insecure.test', 'implicit', 'insecure', 'none', '{good.mx.test}', NULL, NULL, NULL),
    ('bogus.test', 'mx', 'bogus', 'none', '{good.mx.test}', NULL, NULL, NULL),
    ('bogusempty.test', 'servfail', 'bogus', 'unknown', NULL, NULL, NULL, NULL),
    ('unchecked.test', 'mx', 'unchecked', 'none', '{good.mx.test}', NULL, NULL, NULL),
    ('unknown.test', 'servfail', 'unknown', 'unknown', NULL, NULL, NULL, NULL),
    ('securenomail.test', 'null_mx', 'secure', 'not_asked', NULL, NULL, NULL, NULL),
    ('nexthop-san.test', 'mx', 'secure', 'none', '{other.mx.test}', NULL, NULL, NULL),
    ('a.wild.test', 'mx', 'secure', 'none', '{other.mx.test}', NULL, NULL, NULL),
    ('a.b.wild.test', 'mx', 'secure', 'none', '{other.mx.test}', NULL, NULL, NULL),
    ('other.test', 'mx', 'secure', 'none', '{other.mx.test}', NULL, NULL, NULL), -- its common name does not count beside alternative names
    ('nexthop-cn.test', 'mx', 'secure', 'none', '{othercn.mx.test}', NULL, NULL, NULL);
INSERT INTO mxgrade.domain (survey_id, name, first_line, mx_status, mx_set, next_resolve_at, resolved_at, dnssec, sts_record, sts_why, tlsrpt, tlsrpt_rua)
SELECT :survey, name, 1, mx_status::mxgrade.mx_status, CASE WHEN exchanges IS NOT NULL THEN md5(name)::uuid END, NULL, '2026-11-25 17:00:00Z',
       dnssec::mxgrade.dnssec, record::mxgrade.record_status, CASE record WHEN 'invalid' THEN 'no_id' WHEN 'unknown' THEN 'dns' END,
       CASE name WHEN 'none.test' THEN 'none' WHEN 'badrecord.test' THEN 'invalid' WHEN 'nomail.test' THEN 'not_asked' ELSE 'valid' END::mxgrade.record_status,
       '{mailto:a@example.org}'
FROM asked;
INSERT INTO mxgrade.mx_set_member (survey_id, mx_set, exchange, preference)
SELECT :survey, md5(name)::uuid, x, 10 * n FROM asked, unnest(exchanges) WITH ORDINALITY u (x, n);
INSERT INTO mxgrade.mta_sts_policy (survey_id, domain, status, why, detail, mode, max_age, mx)
SELECT :survey, name, status::mxgrade.policy_status, CASE status WHEN 'invalid' THEN 'no_max_age' WHEN 'unknown' THEN 'timeout' END,
       CASE status WHEN 'invalid' THEN 'line 3' END, mode, 86400, mx
FROM asked WHERE status IS NOT NULL;

-- The same names in another survey must not be seen.
INSERT INTO mxgrade.domain (survey_id, name, first_line, mx_status, mx_set, next_resolve_at, dnssec, sts_record, tlsrpt)
SELECT :another, name, 1, 'mx', md5(name)::uuid, NULL, 'secure', 'valid', 'invalid' FROM asked;
INSERT INTO mxgrade.mx_set_member (survey_id, mx_set, exchange, preference) SELECT :another, md5(name)::uuid, 'another.mx.test', 5 FROM asked;
INSERT INTO mxgrade.mta_sts_policy (survey_id, domain, status, mode, max_age, mx) SELECT :another, name, 'valid', 'enforce', 1, '{another.test}' FROM asked;
