-- The next $3 domains of survey $1 behind line $2 that are to be looked up.
SELECT name, first_line FROM mxgrade.domain
WHERE survey_id = $1 AND first_line > $2::bigint AND next_resolve_at <= now()
ORDER BY first_line LIMIT $3::integer
