-- $1 survey. Stores what policy jobs brought. A result that was stored before (last_job) changes nothing, and one that
-- says nothing about the policy changes nothing that is known of it. Asked again as endpoints are: see update_endpoints.sql.
UPDATE mxgrade.mta_sts_policy p SET
    last_job = s.job,
    attempts = p.attempts + 1,
    next_fetch_at = CASE WHEN s.retry AND p.attempts + 1 < v.max_attempts
        THEN now() + v.retry_delay * (power(2, least(p.attempts, 16)) * (0.8 + 0.4 * random())) END,
    (status, why, detail, http_status, mode, max_age, mx, body, address, fetched_at, worker, vantage, duration_ms) = (
        SELECT s.status, s.why, s.detail, s.http_status, s.mode, s.max_age, s.mx, s.body, s.address,
               least(s.fetched_at, now()), s.worker, s.vantage, s.duration_ms
        WHERE s.status <> 'unknown' OR p.status NOT IN ('valid', 'invalid')
        UNION ALL
        SELECT p.status, p.why, p.detail, p.http_status, p.mode, p.max_age, p.mx, p.body, p.address,
               p.fetched_at, p.worker, p.vantage, p.duration_ms
        WHERE s.status = 'unknown' AND p.status IN ('valid', 'invalid'))
FROM staged_policy s, mxgrade.survey v
WHERE v.survey_id = $1 AND p.survey_id = $1 AND p.domain = s.domain AND p.last_job IS DISTINCT FROM s.job
