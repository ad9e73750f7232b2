-- What mxgrade found beside: PTR and CAA, in the columns of tests/lab/expect-beside.tsv. Run with psql -At -F <tab> -v survey=N.
SELECT domain, exchange, coalesce(host(address), '-'), reverse_status,
       coalesce(nullif(array_to_string(reverse_names, ' '), ''), '-'), reverse_confirmed,
       caa_status, coalesce(caa_domain, '-'),
       CASE WHEN caa_issuers = '{}' THEN 'nobody' ELSE coalesce(array_to_string(caa_issuers, ' '), '-') END
FROM mxgrade.mx WHERE survey_id = :survey
ORDER BY 1, 2, 3;
