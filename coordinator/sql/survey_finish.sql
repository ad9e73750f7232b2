-- All lines taken in and nothing due now or later: over to the aggregator for the final grades.
UPDATE mxgrade.survey s SET state = 'grading', started_at = coalesce(started_at, now())
WHERE survey_id = $1 AND state IN ('submitted', 'running') AND intake_line = lines
  AND NOT EXISTS (SELECT FROM mxgrade.domain d WHERE d.survey_id = $1 AND d.next_resolve_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM mxgrade.exchange x WHERE x.survey_id = $1 AND x.next_resolve_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM mxgrade.endpoint e WHERE e.survey_id = $1 AND e.next_probe_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM mxgrade.mta_sts_policy p WHERE p.survey_id = $1 AND p.next_fetch_at IS NOT NULL)
RETURNING survey_id
