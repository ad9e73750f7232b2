-- The next $3 MTA-STS policies of survey $1 to fetch, behind domain $2, each with the address whose turn it is.
SELECT domain, host(addresses[1 + attempts % cardinality(addresses)]), attempts
FROM mxgrade.mta_sts_policy
WHERE survey_id = $1 AND next_fetch_at <= now() AND domain > $2 AND cardinality(addresses) > 0
ORDER BY domain LIMIT $3::integer
