-- What mxgrade found, in the columns of tests/lab/expect.tsv. Run with psql -At -F <tab> -v survey=N.
SELECT d.name, d.mx_status, coalesce(m.preference::text, '-'), coalesce(m.exchange, '-'), coalesce(host(xe.address), '-'),
       e.reachable, e.starttls_advertised, e.tls_enabled, e.sslv2, e.sslv3, e.tls1_0, e.tls1_1, e.tls1_2, e.tls1_3,
       e.weak_ciphers, e.anon_suites, e.nist_r1, e.nist_r2, e.forward_secrecy, e.pq_hybrid,
       xe.cert_trusted, xe.cert_in_date, xe.cert_name_match,
       CASE WHEN d.mx_status IN ('null_mx', 'no_mail_host', 'nxdomain') THEN '-'
            ELSE coalesce(x.grade::text, 'ungraded') END AS mx_grade,
       CASE WHEN d.mx_status IN ('servfail', 'timeout') THEN 'dns' ELSE coalesce(x.reason, '-') END AS mx_reason,
       CASE WHEN d.mx_status IN ('null_mx', 'no_mail_host', 'nxdomain') THEN '-'
            ELSE coalesce(s.grade::text, 'ungraded') END AS grade,
       coalesce(s.mx_graded, 0), coalesce(s.mx_total, 0), s.forced_tls
FROM mxgrade.domain d
LEFT JOIN mxgrade.mx_set s USING (survey_id, mx_set)
LEFT JOIN mxgrade.mx_set_member m USING (survey_id, mx_set)
LEFT JOIN mxgrade.exchange x ON x.survey_id = d.survey_id AND x.exchange = m.exchange
LEFT JOIN mxgrade.exchange_endpoint xe ON xe.survey_id = d.survey_id AND xe.exchange = m.exchange
LEFT JOIN mxgrade.endpoint e ON e.survey_id = d.survey_id AND e.address = xe.address
WHERE d.survey_id = :survey
ORDER BY d.name, m.preference, m.exchange, xe.address;
