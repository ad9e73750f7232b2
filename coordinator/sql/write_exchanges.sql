-- A failed lookup is tried again after a delay that doubles, until the survey's attempts are used up. An exchange that was
-- settled meanwhile by another batch stays so.
INSERT INTO mxgrade.exchange AS x (survey_id, exchange, dns_status, flags, resolve_attempts, resolved_at, next_resolve_at)
SELECT s.survey_id, e.exchange, e.dns_status, e.flags, 1, now(),
       CASE WHEN e.retry AND s.max_attempts > 1 THEN now() + s.retry_delay END
FROM (SELECT DISTINCT ON (exchange) * FROM stage_exchange ORDER BY exchange) e
JOIN mxgrade.survey s ON s.survey_id = $1
ON CONFLICT (survey_id, exchange) DO UPDATE
SET dns_status = excluded.dns_status, flags = excluded.flags, resolve_attempts = x.resolve_attempts + 1, resolved_at = now(),
    next_resolve_at = CASE WHEN excluded.next_resolve_at IS NOT NULL THEN
        (SELECT CASE WHEN x.resolve_attempts + 1 < s.max_attempts THEN now() + s.retry_delay * (2 ^ x.resolve_attempts) END
         FROM mxgrade.survey s WHERE s.survey_id = x.survey_id) END
WHERE x.dns_status IN ('pending', 'servfail', 'timeout')
