-- $1 survey. STARTTLS that is advertised and failed in one and the same way in every attempt of the survey is broken:
-- inferred, for one attempt may meet an accident, and all of them over the whole retry span do not. A survey of one attempt
-- never says so, and one attempt that differed leaves it unknown. Looks at nothing but the row, so that a result that comes
-- twice changes nothing.
WITH judged AS (
    SELECT e.address, e.tls_broken,
           e.tls_enabled = 'unknown' AND e.starttls_advertised = 'yes' AND e.tls_failure <> 'various'
               AND e.attempts >= v.max_attempts AND v.max_attempts > 1 AS broken
    FROM staged_endpoint s
    JOIN mxgrade.survey v ON v.survey_id = $1
    JOIN mxgrade.endpoint e ON e.survey_id = $1 AND e.address = s.address
)
UPDATE mxgrade.endpoint e SET
    tls_broken = CASE WHEN j.broken THEN 'yes' WHEN e.tls_enabled = 'yes' THEN 'no' ELSE 'unknown' END::mxgrade.tri,
    reason = CASE WHEN j.broken THEN 'tls_broken' ELSE e.reason END,
    fact_evidence = coalesce(e.fact_evidence, '{}') || CASE
        WHEN j.broken THEN jsonb_build_object(
            'tls_enabled', jsonb_build_object('reason', 'tls_broken'),
            'tls_broken', jsonb_build_object('evidence', 'inferred', 'attempts', e.attempts, 'seconds',
                greatest(extract(epoch FROM e.observed_at - e.tls_failed_since), 0)::bigint, 'failure', e.tls_failure))
        WHEN e.tls_enabled = 'yes' THEN '{"tls_broken": {"evidence": "inferred"}}'
        ELSE '{"tls_broken": {"reason": "inconsistent"}}' END
FROM judged j
WHERE e.survey_id = $1 AND e.address = j.address AND (j.broken OR j.tls_broken = 'yes')
