-- A survey as coordinator and aggregator leave it, small enough to check by eye: bücher.example has an
-- exchange whose two addresses answer alike, one with much to change, and one that never answered. What the domains
-- publish is so that each finding of DOMAIN_FINDINGS comes up somewhere.
-- Takes the survey that the test submitted (variable :survey).
UPDATE mxgrade.survey SET state = 'complete', intake_line = lines, started_at = now(), completed_at = now() WHERE survey_id = :survey;

INSERT INTO mxgrade.domain (survey_id, name, first_line, rank, mx_status, mx_set, flags, next_resolve_at, resolved_at)
SELECT :survey, l.name, min(l.line_no), min(l.rank), m.status::mxgrade.mx_status, m.mx_set::uuid, m.flags::text[], NULL, now()
FROM mxgrade.submitted_line l
JOIN (VALUES ('xn--bcher-kva.example', 'mx', '00000000-0000-0000-0000-000000000001', '{cname}'),
             ('example.org', 'implicit', '00000000-0000-0000-0000-000000000002', '{}'),
             ('example.com', 'null_mx', NULL, '{}'),
             ('example.net', 'nxdomain', NULL, '{}'),
             ('last.example', 'no_mail_host', NULL, '{}'),
             ('unresolved.example', 'servfail', NULL, '{}'),
             ('dead.example', 'mx', '00000000-0000-0000-0000-000000000003', '{}'),
             ('testing.example', 'mx', '00000000-0000-0000-0000-000000000004', '{}')) m (name, status, mx_set, flags) USING (name)
WHERE l.survey_id = :survey
GROUP BY l.name, m.status, m.mx_set, m.flags;

INSERT INTO mxgrade.mx_set (survey_id, mx_set, mx_total, mx_graded, grade, score, provisional, worst_mx, reason, forced_tls, forced_tls_mx, forced_tls_why, graded_at)
VALUES (:survey, '00000000-0000-0000-0000-000000000001', 3, 2, 'F', 0, true, 'mx2.example.net', NULL, 'no', 'mx2.example.net', 'nist_r2', now()),
       (:survey, '00000000-0000-0000-0000-000000000002', 1, 1, 'A+', 100, false, 'example.org', NULL, 'yes', NULL, NULL, now()),
       (:survey, '00000000-0000-0000-0000-000000000003', 1, 0, NULL, NULL, false, NULL, 'connect_timeout', 'unknown', 'mx3.example.net', 'connect_timeout', now()),
       (:survey, '00000000-0000-0000-0000-000000000004', 1, 0, NULL, NULL, false, NULL, 'no_address', 'unknown', 'mx.xn--bcher-kva.example', 'no_address', now());

INSERT INTO mxgrade.mx_set_member (survey_id, mx_set, exchange, preference)
VALUES (:survey, '00000000-0000-0000-0000-000000000001', 'mx1.example.net', 10),
       (:survey, '00000000-0000-0000-0000-000000000001', 'mx2.example.net', 20),
       (:survey, '00000000-0000-0000-0000-000000000001', 'mx3.example.net', 30),
       (:survey, '00000000-0000-0000-0000-000000000002', 'example.org', 0),
       (:survey, '00000000-0000-0000-0000-000000000003', 'mx3.example.net', 10),
       (:survey, '00000000-0000-0000-0000-000000000004', 'mx.xn--bcher-kva.example', 10);

INSERT INTO mxgrade.exchange (survey_id, exchange, dns_status, flags, grade, score, provisional, reason, forced_tls, forced_tls_why, graded_at)
VALUES (:survey, 'mx1.example.net', 'ok', '{}', 'A+', 100, false, NULL, 'yes', NULL, now()),
       (:survey, 'mx2.example.net', 'ok', '{cname}', 'F', 0, true, NULL, 'no', 'nist_r2', now()),
       (:survey, 'mx3.example.net', 'ok', '{}', NULL, NULL, false, 'connect_timeout', 'unknown', 'connect_timeout', now()),
       (:survey, 'example.org', 'ok', '{}', 'A+', 100, false, NULL, 'yes', NULL, now()),
       (:survey, 'mx.xn--bcher-kva.example', 'nodata', '{}', NULL, NULL, false, 'no_address', 'unknown', 'no_address', now());

INSERT INTO mxgrade.endpoint (survey_id, address, shuffle, next_probe_at, attempts, facts_known, reason, flags, tls_version, suite, key_group,
    weak_seen, pq_group, connection_count, fact_evidence,
    reachable, starttls_advertised, tls_enabled, sslv2, sslv3, tls1_0, tls1_1, tls1_2, tls1_3, weak_ciphers, anon_suites, nist_r1, nist_r2, forward_secrecy, pq_hybrid)
VALUES
    (:survey, '192.0.2.1', 1, NULL, 1, true, NULL, '{}', 772, 4866, 'X25519MLKEM768', '{}', 'X25519MLKEM768', 9,
     '{"tls_enabled": {"evidence": "observed", "connection": 1}}',
     'yes', 'yes', 'yes', 'no', 'no', 'no', 'no', 'yes', 'yes', 'no', 'no', 'yes', 'yes', 'yes', 'yes'),
    (:survey, '2001:db8::1', 2, NULL, 1, true, NULL, '{}', 772, 4866, 'X25519MLKEM768', '{}', 'X25519MLKEM768', 9,
     '{"tls_enabled": {"evidence": "observed", "connection": 1}}',
     'yes', 'yes', 'yes', 'no', 'no', 'no', 'no', 'yes', 'yes', 'no', 'no', 'yes', 'yes', 'yes', 'yes'),
    (:survey, '192.0.2.2', 3, NULL, 3, false, 'timeout', '{starttls_stripped}', 769, 4, NULL, '{RC4,MD5}', NULL, 12,
     '{"tls1_3": {"reason": "timeout"}, "sslv2": {"reason": "cannot_offer"}, "pq_hybrid": {"reason": "timeout"}, "anon_suites": {"reason": "inconsistent"}}',
     'yes', 'yes', 'yes', 'unknown', 'yes', 'yes', 'no', 'no', 'unknown', 'yes', 'unknown', 'no', 'no', 'no', 'unknown'),
    (:survey, '192.0.2.3', 4, NULL, 3, false, 'connect_timeout', '{}', NULL, NULL, NULL, NULL, NULL, 3, '{}',
     'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown');

UPDATE mxgrade.endpoint SET
    (auth_before_tls, auth_mechanisms, requiretls, smtputf8, size_declared, size_limit, pipelining, dsn) =
    ('yes', '{PLAIN,LOGIN}', 'no', 'yes', 'yes', 10240000, 'yes', 'unknown'),
    (greeting_names_host, greeting_name, ehlo_names_host, ehlo_name) = ('yes', 'mx2.example.net', 'no', 'localhost')
WHERE survey_id = :survey AND address = '192.0.2.2';

INSERT INTO mxgrade.certificate_row (sha256, der, subject_cn, subject, issuer, san, san_total, key_type, key_bits, signature, not_before, not_after, self_signed)
VALUES (decode(repeat('01', 32), 'hex'), '\x30', 'mx1.example.net', 'CN=mx1.example.net', 'C=XX, O=Good CA, CN=Good CA R3',
        '{mx1.example.net,*.mx.example.net,a.example.net}', 5, 'RSA', 2048, 'sha256WithRSAEncryption', '2026-09-01Z', '2026-12-01Z', false),
       (decode(repeat('02', 32), 'hex'), '\x30', 'localhost', 'CN=localhost', 'CN=localhost', '{}', 0, 'RSA', 1024,
        'sha1WithRSAEncryption', '2009-01-01Z', '2019-01-01Z', true)
ON CONFLICT DO NOTHING;

INSERT INTO mxgrade.exchange_endpoint (survey_id, exchange, address, judged_at, certificate, cert_trusted, cert_in_date, cert_name_match, cert_verifiable,
    fact_evidence, matched, trust_error, chain_flags, san_match, cn_match, grade, score, provisional, missing, findings, reason, forced_tls,
    forced_tls_why)
VALUES
    (:survey, 'mx1.example.net', '192.0.2.1', now(), decode(repeat('01', 32), 'hex'), 'yes', 'yes', 'yes', 'yes', '{}', 'mx1.example.net', NULL,
     '{missing_intermediate,completed_by_store,ocsp_stapled}', true, true, 'A+', 100, false, '{}', '{}', NULL, 'yes', NULL),
    (:survey, 'mx1.example.net', '2001:db8::1', now(), decode(repeat('01', 32), 'hex'), 'yes', 'yes', 'yes', 'yes', '{}', 'mx1.example.net', NULL,
     '{missing_intermediate,completed_by_store,ocsp_stapled}', true, true, 'A+', 100, false, '{}', '{}', NULL, 'yes', NULL),
    (:survey, 'mx2.example.net', '192.0.2.2', now(), decode(repeat('02', 32), 'hex'), 'no', 'no', 'no', 'no', '{}', NULL, 'self-signed certificate',
     '{wrong_purpose,self_signed,weak_key,sha1_signature}', false, true, 'F', 0, true, '{tls1_3,sslv2}',
     '{SSLV3_ENABLED,CERT_UNTRUSTED,CERT_EXPIRED,NO_NIST_R1,CERT_NAME_MISMATCH,WEAK_CIPHERS,NO_NIST_R2,TLS10_ENABLED,NO_FORWARD_SECRECY,WEAK_KEY}', NULL, 'no', 'nist_r2'),
    (:survey, 'mx3.example.net', '192.0.2.3', NULL, NULL, 'unknown', 'unknown', 'unknown', 'unknown', '{}', NULL, NULL,
     '{}', NULL, NULL, NULL, NULL, false, '{}', '{}', 'connect_timeout', 'unknown', 'connect_timeout'),
    (:survey, 'example.org', '192.0.2.1', now(), NULL, 'yes', 'yes', 'yes', 'yes', '{}', 'example.org', NULL, '{}', true, false, 'A+', 100, false, '{}', '{}', NULL, 'yes', NULL);

UPDATE mxgrade.exchange_endpoint SET weak_keys = 'intermediate CN=Cheap CA: RSA, 1024 bits' WHERE survey_id = :survey AND exchange = 'mx2.example.net';
UPDATE mxgrade.certificate_row SET spki_sha256 = sha256(sha256) WHERE sha256 IN (decode(repeat('01', 32), 'hex'), decode(repeat('02', 32), 'hex'));
UPDATE mxgrade.domain d SET resolved_at = '2026-11-25 17:00:00Z', dnssec = v.dnssec::mxgrade.dnssec, sts_record = v.sts::mxgrade.record_status,
    sts_id = '20261101', sts_why = v.sts_why, tlsrpt = v.tlsrpt::mxgrade.record_status, tlsrpt_rua = v.rua::text[], tlsrpt_why = v.tlsrpt_why
FROM (VALUES ('xn--bcher-kva.example', 'secure', 'valid', NULL, 'invalid', NULL, 'several_records'),
             ('example.org', 'insecure', 'none', NULL, 'none', NULL, NULL),
             ('dead.example', 'bogus', 'valid', NULL, 'valid', '{mailto:tls@example.net,https://tls.example.net/v1}', NULL),
             ('testing.example', 'secure', 'valid', NULL, 'unknown', NULL, 'dns'),
             ('example.com', 'insecure', 'not_asked', NULL, 'not_asked', NULL, NULL),
             ('example.net', 'unknown', 'not_asked', NULL, 'not_asked', NULL, NULL),
             ('last.example', 'unknown', 'not_asked', NULL, 'not_asked', NULL, NULL)) v (name, dnssec, sts, sts_why, tlsrpt, rua, tlsrpt_why)
WHERE d.survey_id = :survey AND d.name = v.name;
UPDATE mxgrade.exchange x SET dnssec = v.dnssec::mxgrade.dnssec, tlsa_status = v.tlsa_status::mxgrade.tlsa_status, tlsa_base = x.exchange, tlsa = v.tlsa::text[]
FROM (VALUES ('mx1.example.net', 'secure', 'secure', '{3 1 1 72cd6e8422c407fb6d098690f1130b7ded7ec2f7f5e1d30bd9d521f015363793}'),
             ('mx2.example.net', 'secure', 'secure', '{3 1 1 0000000000000000000000000000000000000000000000000000000000000000}'),
             ('mx3.example.net', 'secure', 'none', '{}'),
             ('example.org', 'insecure', 'not_asked', '{}'),
             ('mx.xn--bcher-kva.example', 'secure', 'secure', '{0 0 1 00}')) v (exchange, dnssec, tlsa_status, tlsa)
WHERE x.survey_id = :survey AND x.exchange = v.exchange;
UPDATE mxgrade.exchange_endpoint SET dane = 'match' WHERE survey_id = :survey AND exchange = 'mx1.example.net';
UPDATE mxgrade.exchange_endpoint SET dane = 'mismatch', dane_why = '3 1 1: another key' WHERE survey_id = :survey AND exchange = 'mx2.example.net';
INSERT INTO mxgrade.mta_sts_policy (survey_id, domain, attempts, status, why, detail, http_status, mode, max_age, mx, address, fetched_at)
VALUES (:survey, 'xn--bcher-kva.example', 1, 'valid', NULL, NULL, 200, 'enforce', 604800, '{mx1.example.net,mx2.example.net}', '192.0.2.80', now()),
       (:survey, 'dead.example', 2, 'invalid', 'certificate', 'self-signed certificate', NULL, NULL, NULL, NULL, '192.0.2.81', now()),
       (:survey, 'testing.example', 1, 'valid', NULL, NULL, 200, 'testing', 86400, '{*.xn--bcher-kva.example}', '192.0.2.82', now());

-- What DNS says beside: a name that leads back, one that does not, none, and no answer; who may issue, nobody, no word, no answer.
INSERT INTO mxgrade.reverse_name (survey_id, address, asked_at, status, names, confirmed)
VALUES (:survey, '192.0.2.1', now(), 'found', '{mail.example.net,mx1.example.net}', 'yes'), (:survey, '2001:db8::1', now(), 'none', '{}', 'no'),
       (:survey, '192.0.2.2', now(), 'found', '{host-2.isp.example}', 'no'), (:survey, '192.0.2.3', now(), 'unknown', '{}', 'unknown');
INSERT INTO mxgrade.exchange_caa (survey_id, exchange, asked_at, status, domain, records, issuers)
VALUES (:survey, 'mx1.example.net', now(), 'found', 'example.net', '{"0 issue \"ca.example; account=7\"","0 issue \"other-ca.example\""}', '{ca.example,other-ca.example}'),
       (:survey, 'mx2.example.net', now(), 'found', 'mx2.example.net', '{"0 issue \";\""}', '{}'),
       (:survey, 'example.org', now(), 'none', NULL, '{}', NULL);
