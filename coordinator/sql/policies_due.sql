-- MTA-STS policies of survey $1 to fetch, each with the address whose turn it is: one for each of the next $3 addresses
-- behind $2 ('' = from the first on), because an address is contacted for one at a time.
SELECT DISTINCT ON (p.address) p.domain, host(p.address), p.attempts, p.address
FROM (SELECT domain, addresses[1 + attempts % cardinality(addresses)] AS address, attempts
      FROM mxgrade.mta_sts_policy
      WHERE survey_id = $1 AND next_fetch_at <= now() AND cardinality(addresses) > 0) p
WHERE $2::text = '' OR p.address > nullif($2::text, '')::inet
ORDER BY p.address, p.domain LIMIT $3::integer
