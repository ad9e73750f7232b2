-- Before a survey ends: no endpoint may rest while a name on it was not judged.
UPDATE mxgrade.endpoint e SET next_probe_at = now()
WHERE e.survey_id = $1 AND e.next_probe_at IS NULL
  AND EXISTS (SELECT FROM mxgrade.exchange_endpoint x
              WHERE x.survey_id = e.survey_id AND x.address = e.address AND x.judged_at IS NULL)
