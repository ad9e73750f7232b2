-- Last, because a domain that has its mx_set is settled. While retries remain the failure stands in mx_status.
UPDATE mxgrade.domain d
SET mx_status = f.mx_status, mx_set = f.mx_set, flags = f.flags, resolved_at = now(),
    resolve_attempts = d.resolve_attempts + 1,
    next_resolve_at = CASE WHEN f.retry AND d.resolve_attempts + 1 < s.max_attempts
                           THEN now() + s.retry_delay * (2 ^ d.resolve_attempts) END
FROM stage_domain f, mxgrade.survey s
WHERE d.survey_id = $1 AND d.name = f.name AND s.survey_id = $1
