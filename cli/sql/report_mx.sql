-- $1 survey, $2 domain. A row per exchange and address; of every fact its value and, as fact_why, why it is unknown.
SELECT m.preference, m.exchange, host(m.address) AS address, m.exchange_grade, m.exchange_score, m.exchange_provisional,
       m.exchange_reason, m.dns_status, array_to_string(m.exchange_flags, ', ') AS exchange_flags,
       m.grade, m.score, m.provisional, m.reason, array_to_string(m.flags, ', ') AS flags,
       m.tls_version, m.suite, m.key_group, m.pq_group, array_to_string(m.weak_seen, ', ') AS weak_seen,
       m.greeting_name, m.greeting_name_is_mx, m.ehlo_name, m.ehlo_name_is_mx,
       array_to_string(m.auth_mechanisms, ' ') AS auth_mechanisms, m.size_limit,
       m.fact_evidence #>> '{tls_broken,attempts}' AS broken_attempts, m.fact_evidence #>> '{tls_broken,seconds}' AS broken_seconds,
       m.fact_evidence #>> '{tls_broken,failure}' AS broken_failure,
       m.reverse_status, array_to_string(m.reverse_names, ', ') AS reverse_names, m.reverse_confirmed,
       m.caa_status, m.caa_domain, array_to_string(m.caa_issuers, ', ') AS caa_issuers,
       m.matched, m.matched_by_cn, m.trust_error, m.weak_keys, m.weak_signatures,
       concat(',', array_to_string(m.chain_flags, ','), ',', CASE WHEN m.cn_match AND m.cert_name_match = 'no' THEN 'cn_only,' END)
           AS notes,
       c.sha256 IS NOT NULL AS has_certificate, c.parse_error,
       array_to_string(coalesce(nullif(c.san[1:3], '{}'), ARRAY[c.subject_cn]), ', ') AS names,
       greatest(c.san_total - 3, 0) AS more_names,
       c.issuer, c.self_signed, to_char(c.not_before, 'YYYY-MM-DD') AS not_before,
       to_char(c.not_after, 'YYYY-MM-DD') AS not_after,
       -- each fact, commas between: m.{fact}, m.fact_evidence #>> '{{fact},reason}' AS {fact}_why
FROM mxgrade.mx m
LEFT JOIN mxgrade.certificate c ON c.sha256 = m.certificate
WHERE m.survey_id = $1 AND m.domain = $2
ORDER BY m.preference, m.exchange, family(m.address), m.address
