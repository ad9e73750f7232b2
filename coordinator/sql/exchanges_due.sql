-- Up to $2 exchanges of survey $1 of which something could not be learnt, addresses or TLSA records, and is to be tried again.
SELECT exchange FROM mxgrade.exchange
WHERE survey_id = $1 AND next_resolve_at <= now()
ORDER BY next_resolve_at LIMIT $2::integer
