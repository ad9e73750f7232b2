-- What could not be learnt is asked again after a delay that doubles, until the survey's attempts are used up; an answer
-- is never replaced by none.
INSERT INTO mxgrade.exchange AS x (survey_id, exchange, dns_status, flags, dnssec, tlsa_status, tlsa_base, tlsa,
                                   resolve_attempts, resolved_at, next_resolve_at)
SELECT s.survey_id, e.exchange, e.dns_status, e.flags, e.dnssec, e.tlsa_status, e.tlsa_base, e.tlsa, 1, now(),
       CASE WHEN e.retry AND s.max_attempts > 1 THEN now() + s.retry_delay END
FROM stage_exchange e
JOIN mxgrade.survey s ON s.survey_id = $1
ON CONFLICT (survey_id, exchange) DO UPDATE
SET (dns_status, dnssec, flags) = (
        SELECT CASE WHEN k.keep THEN x.dns_status ELSE excluded.dns_status END,
               CASE WHEN k.keep OR excluded.dnssec = 'unknown' THEN x.dnssec
                    WHEN h.halved AND x.dnssec <> 'unknown' THEN least(x.dnssec, excluded.dnssec)
                    ELSE excluded.dnssec END,
               ARRAY(SELECT f FROM unnest(CASE WHEN k.keep THEN x.flags ELSE excluded.flags END) AS u (f)
                     WHERE x.dns_status = 'pending' OR f NOT IN ('a_failed', 'aaaa_failed', 'address_bogus')
                        OR (f = 'address_bogus' AND h.failed <> '{}') OR f = ANY (h.failed))
        FROM (SELECT x.dns_status = 'ok' AND excluded.dns_status IN ('servfail', 'timeout')) k (keep)
        -- Which of A and AAAA has never been answered: one that was, at whatever attempt, is known.
        CROSS JOIN LATERAL (SELECT ARRAY(SELECT unnest(x.flags) INTERSECT SELECT unnest(excluded.flags)
                                         INTERSECT SELECT unnest(ARRAY['a_failed', 'aaaa_failed'])) AS failed) g
        CROSS JOIN LATERAL (SELECT g.failed, excluded.flags && ARRAY['a_failed', 'aaaa_failed'] AS halved) h),
    (tlsa_status, tlsa_base, tlsa) = (
        SELECT CASE WHEN k.keep THEN x.tlsa_status ELSE excluded.tlsa_status END,
               CASE WHEN k.keep THEN x.tlsa_base ELSE excluded.tlsa_base END,
               CASE WHEN k.keep THEN x.tlsa ELSE excluded.tlsa END
        FROM (SELECT x.tlsa_status IN ('secure', 'none', 'insecure') AND excluded.tlsa_status IN ('unknown', 'bogus')
                     OR x.tlsa_status <> 'pending' AND excluded.tlsa_status = 'not_asked'
                        AND (excluded.dnssec = 'unknown' OR x.dns_status = 'ok' AND excluded.dns_status IN ('servfail', 'timeout'))) k (keep)),
    resolve_attempts = x.resolve_attempts + 1, resolved_at = now(),
    next_resolve_at = CASE WHEN excluded.next_resolve_at IS NOT NULL THEN
        (SELECT CASE WHEN x.resolve_attempts + 1 < s.max_attempts THEN now() + s.retry_delay * (2 ^ x.resolve_attempts) END
         FROM mxgrade.survey s WHERE s.survey_id = x.survey_id) END
WHERE x.next_resolve_at IS NOT NULL OR x.dns_status = 'pending'
