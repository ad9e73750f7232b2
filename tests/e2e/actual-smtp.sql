-- What mxgrade found that servers say in SMTP, and whose TLS is broken, in the columns of tests/lab/expect-smtp.tsv; of all
-- endpoints, of which that table has some. Run with psql -At -F <tab> -v survey=N.
SELECT host(e.address),
       -- the facts of SERVICE_FACTS, in their order
       e.tls_broken, e.auth_before_tls, e.requiretls, e.smtputf8, e.size_declared, e.pipelining, e.eightbitmime, e.chunking,
       e.dsn, e.greeting_names_host, e.ehlo_names_host,
       coalesce(e.size_limit::text, '-')
FROM mxgrade.endpoint e
WHERE e.survey_id = :survey AND host(e.address) = ANY (string_to_array(:'addresses', ','))
ORDER BY e.address;
