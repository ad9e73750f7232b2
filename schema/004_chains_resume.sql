-- 004 chains and resume: what is odd about a chain, how its names match, certificates that cannot be read, and where a
-- probe stopped, so that the next attempt goes on from there.

ALTER TABLE mxgrade.endpoint
    ADD COLUMN resume bytea CHECK (octet_length(resume) BETWEEN 1 AND 4096);
COMMENT ON COLUMN mxgrade.endpoint.resume IS 'Where the last attempt stopped, in the worker''s words; travels with the next job; null = start anew';
COMMENT ON COLUMN mxgrade.endpoint.connections IS 'What the connections offered and what came back, each with its number; the last 64';

ALTER TABLE mxgrade.exchange_endpoint
    ADD COLUMN chain_flags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN san_match boolean,
    ADD COLUMN cn_match boolean;
COMMENT ON COLUMN mxgrade.exchange_endpoint.chain_flags IS 'Of the chain: missing_intermediate, completed_by_store, wrong_purpose, self_signed, weak_key, sha1_signature, ocsp_stapled, unreadable';
COMMENT ON COLUMN mxgrade.exchange_endpoint.san_match IS 'A subject alternative name matches; null = no certificate judged';
COMMENT ON COLUMN mxgrade.exchange_endpoint.cn_match IS 'The common name alone would match, whatever the alternative names say; null = no certificate judged';

ALTER TABLE mxgrade.certificate_row ADD COLUMN parse_error text;
COMMENT ON COLUMN mxgrade.certificate_row.parse_error IS 'Why it cannot be read: then only its hash and octets are known';

CREATE OR REPLACE VIEW mxgrade.mx AS
SELECT d.survey_id, d.name AS domain, b.preference, b.exchange,
       x.dns_status, x.grade AS exchange_grade, x.score AS exchange_score, x.provisional AS exchange_provisional,
       x.reason AS exchange_reason, x.forced_tls, x.forced_tls_why, x.flags AS exchange_flags,
       n.address, e.port, n.grade, n.score, n.provisional, n.missing, n.findings, coalesce(n.reason, e.reason) AS reason,
       e.reachable, e.starttls_advertised, e.tls_enabled, e.sslv2, e.sslv3, e.tls1_0, e.tls1_1, e.tls1_2, e.tls1_3,
       e.weak_ciphers, e.anon_suites, e.nist_r1, e.nist_r2, e.forward_secrecy, e.pq_hybrid,
       n.cert_trusted, n.cert_in_date, n.cert_name_match, n.cert_verifiable,
       n.certificate, n.matched, n.matched_by_cn, n.trust_error,
       e.tls_version, u.name AS suite, e.key_group, e.signature, e.weak_seen, e.pq_group,
       e.flags, e.banner, e.connection_count, e.observed_at, e.worker, e.vantage,
       coalesce(e.fact_evidence, '{}') || coalesce(n.fact_evidence, '{}') AS fact_evidence,
       n.chain_flags, n.san_match, n.cn_match
FROM mxgrade.domain d
JOIN mxgrade.mx_set_member b ON b.survey_id = d.survey_id AND b.mx_set = d.mx_set
LEFT JOIN mxgrade.exchange x ON x.survey_id = b.survey_id AND x.exchange = b.exchange
LEFT JOIN mxgrade.exchange_endpoint n ON n.survey_id = b.survey_id AND n.exchange = b.exchange
LEFT JOIN mxgrade.endpoint e ON e.survey_id = n.survey_id AND e.address = n.address
LEFT JOIN mxgrade.suite u ON u.suite = e.suite;
COMMENT ON COLUMN mxgrade.mx.chain_flags IS 'Of the chain: missing_intermediate, completed_by_store, wrong_purpose, self_signed, weak_key, sha1_signature, ocsp_stapled, unreadable';
COMMENT ON COLUMN mxgrade.mx.san_match IS 'A subject alternative name matches; null = no certificate judged';
COMMENT ON COLUMN mxgrade.mx.cn_match IS 'The common name alone would match, whatever the alternative names say; null = no certificate judged';

CREATE OR REPLACE VIEW mxgrade.certificate AS
SELECT sha256, spki_sha256, subject_cn, subject, issuer, serial, san, san_total, key_type, key_bits, signature,
       not_before, not_after, self_signed, chain, first_seen,
       octet_length(der) AS octets, parse_error
FROM mxgrade.certificate_row;
COMMENT ON COLUMN mxgrade.certificate.octets IS 'Size of the DER';
COMMENT ON COLUMN mxgrade.certificate.parse_error IS 'Why it cannot be read: then only its hash and size are known';

CREATE VIEW mxgrade.connection AS
SELECT e.survey_id, e.address, (c.entry ->> 'number')::integer AS connection, c.entry ->> 'step' AS step,
       c.entry ->> 'offered' AS offered, c.entry ->> 'outcome' AS outcome,
       (c.entry ->> 'version')::integer AS tls_version, u.name AS suite, (c.entry ->> 'group')::integer AS key_group,
       (c.entry ->> 'alert')::integer AS alert, c.entry ->> 'reason' AS reason, c.entry ->> 'detail' AS detail,
       (c.entry ->> 'ms')::integer AS ms
FROM mxgrade.endpoint e
CROSS JOIN LATERAL jsonb_array_elements(e.connections) AS c (entry)
LEFT JOIN mxgrade.suite u ON u.suite = (c.entry ->> 'suite')::integer;
COMMENT ON VIEW mxgrade.connection IS 'A row per connection made to an endpoint, the last 64: the evidence that facts name by number';
COMMENT ON COLUMN mxgrade.connection.survey_id IS 'The survey';
COMMENT ON COLUMN mxgrade.connection.address IS 'IP address';
COMMENT ON COLUMN mxgrade.connection.connection IS 'Its number, from 1 over all attempts';
COMMENT ON COLUMN mxgrade.connection.step IS 'Step of the probe plan';
COMMENT ON COLUMN mxgrade.connection.offered IS 'Versions and suites offered';
COMMENT ON COLUMN mxgrade.connection.outcome IS 'How it ended';
COMMENT ON COLUMN mxgrade.connection.tls_version IS 'Version selected, as on the wire (771 = TLS 1.2)';
COMMENT ON COLUMN mxgrade.connection.suite IS 'Suite selected';
COMMENT ON COLUMN mxgrade.connection.key_group IS 'Key exchange group selected, its code point';
COMMENT ON COLUMN mxgrade.connection.alert IS 'Alert received, its number';
COMMENT ON COLUMN mxgrade.connection.reason IS 'Why it brought no answer';
COMMENT ON COLUMN mxgrade.connection.detail IS 'For people';
COMMENT ON COLUMN mxgrade.connection.ms IS 'How long it took';

-- Replaced views keep their grants; the new one needs those that 003 gave the others.
DO $$
DECLARE
    v_role text;
BEGIN
    FOREACH v_role IN ARRAY ARRAY['mxgrade_submit', 'mxgrade_read'] LOOP
        IF to_regrole(v_role) IS NOT NULL THEN
            EXECUTE format('GRANT SELECT ON mxgrade.connection TO %I', v_role);
        END IF;
    END LOOP;
END $$;
