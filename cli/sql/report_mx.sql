-- $1 survey, $2 domain. A row per exchange and address; of every fact its value and, as fact_why, why it is unknown.
SELECT m.preference, m.exchange, host(m.address) AS address, m.exchange_grade, m.exchange_score, m.exchange_provisional,
       m.exchange_reason, m.dns_status, array_to_string(m.exchange_flags, ', ') AS exchange_flags,
       m.grade, m.score, m.provisional, m.reason, array_to_string(m.flags, ', ') AS flags,
       m.tls_version, m.suite, m.key_group, m.pq_group, array_to_string(m.weak_seen, ', ') AS weak_seen,
       m.matched, m.matched_by_cn, m.trust_error,
       concat(',', array_to_string(m.chain_flags, ','), ',', CASE WHEN m.cn_match AND m.cert_name_match = 'no' THEN 'cn_only,' END)
           AS notes,
       c.sha256 IS NOT NULL AS has_certificate, c.parse_error, concat_ws(', ', c.key_type, c.key_bits || ' bits') AS key,
       array_to_string(coalesce(nullif(c.san[1:3], '{}'), ARRAY[c.subject_cn]), ', ') AS names,
       greatest(c.san_total - 3, 0) AS more_names,
       c.issuer, c.self_signed, to_char(c.not_before, 'YYYY-MM-DD') AS not_before,
       to_char(c.not_after, 'YYYY-MM-DD') AS not_after,
       m.reachable, m.fact_evidence #>> '{reachable,reason}' AS reachable_why,
       m.starttls_advertised, m.fact_evidence #>> '{starttls_advertised,reason}' AS starttls_advertised_why,
       m.tls_enabled, m.fact_evidence #>> '{tls_enabled,reason}' AS tls_enabled_why,
       m.sslv2, m.fact_evidence #>> '{sslv2,reason}' AS sslv2_why,
       m.sslv3, m.fact_evidence #>> '{sslv3,reason}' AS sslv3_why,
       m.tls1_0, m.fact_evidence #>> '{tls1_0,reason}' AS tls1_0_why,
       m.tls1_1, m.fact_evidence #>> '{tls1_1,reason}' AS tls1_1_why,
       m.tls1_2, m.fact_evidence #>> '{tls1_2,reason}' AS tls1_2_why,
       m.tls1_3, m.fact_evidence #>> '{tls1_3,reason}' AS tls1_3_why,
       m.weak_ciphers, m.fact_evidence #>> '{weak_ciphers,reason}' AS weak_ciphers_why,
       m.anon_suites, m.fact_evidence #>> '{anon_suites,reason}' AS anon_suites_why,
       m.nist_r1, m.fact_evidence #>> '{nist_r1,reason}' AS nist_r1_why,
       m.nist_r2, m.fact_evidence #>> '{nist_r2,reason}' AS nist_r2_why,
       m.forward_secrecy, m.fact_evidence #>> '{forward_secrecy,reason}' AS forward_secrecy_why,
       m.pq_hybrid, m.fact_evidence #>> '{pq_hybrid,reason}' AS pq_hybrid_why,
       m.cert_trusted, m.fact_evidence #>> '{cert_trusted,reason}' AS cert_trusted_why,
       m.cert_in_date, m.fact_evidence #>> '{cert_in_date,reason}' AS cert_in_date_why,
       m.cert_name_match, m.fact_evidence #>> '{cert_name_match,reason}' AS cert_name_match_why,
       m.cert_verifiable, m.fact_evidence #>> '{cert_verifiable,reason}' AS cert_verifiable_why
FROM mxgrade.mx m
LEFT JOIN mxgrade.certificate c ON c.sha256 = m.certificate
WHERE m.survey_id = $1 AND m.domain = $2
ORDER BY m.preference, m.exchange, family(m.address), m.address
