-- Endpoints $2 of survey $1 that the blocklist came to forbid: settled as they stand, like their names. Where $3 beside one is
-- not null, it is the names alone that are forbidden: another may come, for which the address is contacted.
WITH r AS (
    SELECT address, for_names IS NOT NULL AS for_names FROM unnest($2::inet[], $3::inet[]) AS u (address, for_names)
), refused AS (
    UPDATE mxgrade.endpoint e
    SET next_probe_at = NULL, facts_known = e.facts_known OR NOT r.for_names,
        reason = CASE WHEN r.for_names THEN e.reason ELSE 'refused_by_policy' END
    FROM r WHERE e.survey_id = $1 AND e.address = r.address
)
UPDATE mxgrade.exchange_endpoint n SET judged_at = now(), reason = coalesce(n.reason, 'refused_by_policy')
FROM r WHERE n.survey_id = $1 AND n.address = r.address AND n.judged_at IS NULL
