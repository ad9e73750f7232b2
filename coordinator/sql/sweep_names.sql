-- Before a survey ends, when nothing is due any more: no endpoint may rest while a name on it was not judged.
UPDATE mxgrade.endpoint e SET next_probe_at = now()
FROM (SELECT DISTINCT address FROM mxgrade.exchange_endpoint WHERE survey_id = $1 AND judged_at IS NULL) n
WHERE e.survey_id = $1 AND e.address = n.address AND e.next_probe_at IS NULL
  AND NOT EXISTS (SELECT FROM mxgrade.endpoint p WHERE p.survey_id = $1 AND p.next_probe_at IS NOT NULL)
