-- What mxgrade found of DANE, in the columns of tests/lab/expect-dane.tsv. Run with psql -At -F <tab> -v survey=N.
SELECT d.name, coalesce(a.exchange, '-'), coalesce(host(a.address), '-'), coalesce(a.status, '-'), coalesce(a.tlsa_base, '-')
FROM mxgrade.domain d
LEFT JOIN mxgrade.dane a ON a.survey_id = d.survey_id AND a.domain = d.name
WHERE d.survey_id = :survey
ORDER BY 1, 2, 3;
