-- $1 survey. Names that came after the job was made, or did not fit into it: ask for them at once, but a server that has
-- just had enough of us rests first.
-- (LATERAL: see settle_names.sql.)
UPDATE mxgrade.endpoint e SET next_probe_at = now() + CASE WHEN s.retry THEN v.retry_delay ELSE '0 s' END
FROM mxgrade.survey v, staged_endpoint s
CROSS JOIN LATERAL (SELECT next_probe_at FROM mxgrade.endpoint WHERE survey_id = $1 AND address = s.address OFFSET 0) p
WHERE v.survey_id = $1 AND e.survey_id = $1 AND e.address = s.address AND p.next_probe_at IS NULL
  AND EXISTS (SELECT FROM mxgrade.exchange_endpoint x
              WHERE x.survey_id = $1 AND x.address = s.address AND x.judged_at IS NULL)
