-- $1 survey, $2 domain. A row per exchange and verdict; nothing where DNSSEC of the domain says it all.
SELECT preference, exchange, status, why,
       string_agg(host(address), ', ' ORDER BY family(address), address) AS addresses
FROM mxgrade.dane
WHERE survey_id = $1 AND domain = $2 AND domain_dnssec = 'secure'
GROUP BY preference, exchange, status, why
ORDER BY preference, exchange, min(family(address)), min(address)
