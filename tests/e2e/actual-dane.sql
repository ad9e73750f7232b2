-- What mxgrade found of DANE, in the columns of tests/lab/expect-dane.tsv. Run with psql -At -F <tab> -v survey=N.
SELECT domain, exchange, coalesce(host(address), '-'), status,
       coalesce(CASE WHEN domain_dnssec = 'secure' THEN tlsa_base END, '-')
FROM mxgrade.dane
WHERE survey_id = :survey
ORDER BY 1, 2, 3;
