-- A policy host that could not be resolved before gets its addresses; what was fetched stays.
INSERT INTO mxgrade.mta_sts_policy AS p (survey_id, domain, addresses, status, why, next_fetch_at)
SELECT $1::integer, domain, addresses, status, why, CASE WHEN status = 'pending' THEN now() END FROM stage_policy
ON CONFLICT (survey_id, domain) DO UPDATE
SET addresses = excluded.addresses, status = excluded.status, why = excluded.why, next_fetch_at = excluded.next_fetch_at
WHERE p.attempts = 0 AND p.status = 'unknown'
