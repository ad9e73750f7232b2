-- Endpoints $2 of survey $1 that the blocklist came to forbid: settled as they stand, like their names. ($3 is for
-- refuse_policies.sql.)
WITH refused AS (
    UPDATE mxgrade.endpoint SET next_probe_at = NULL, facts_known = true, reason = 'refused_by_policy'
    WHERE survey_id = $1 AND address = ANY ($2::inet[]) AND $3::text IS NOT NULL
)
UPDATE mxgrade.exchange_endpoint SET judged_at = now(), reason = coalesce(reason, 'refused_by_policy')
WHERE survey_id = $1 AND address = ANY ($2::inet[]) AND judged_at IS NULL
