-- Last, because a domain that has its mx_set is settled. While retries remain the failure stands in mx_status; an answer
-- is never replaced by none.
UPDATE mxgrade.domain d
SET (mx_status, mx_set, flags, dnssec, alias_of) = (
        SELECT CASE WHEN k.keep THEN d.mx_status ELSE f.mx_status END,
               CASE WHEN k.keep THEN d.mx_set ELSE f.mx_set END,
               CASE WHEN k.keep THEN d.flags ELSE f.flags END,
               CASE WHEN k.keep THEN d.dnssec ELSE f.dnssec END,
               CASE WHEN k.keep THEN d.alias_of ELSE f.alias_of END
        FROM (SELECT d.mx_set IS NOT NULL AND f.mx_status IN ('servfail', 'timeout')) k (keep)),
    (sts_record, sts_id, sts_why) = (
        SELECT CASE WHEN k.keep THEN d.sts_record ELSE f.sts_record END,
               CASE WHEN k.keep THEN d.sts_id ELSE f.sts_id END,
               CASE WHEN k.keep THEN d.sts_why ELSE f.sts_why END
        FROM (SELECT d.sts_record NOT IN ('pending', 'unknown') AND f.sts_record IN ('pending', 'unknown')) k (keep)),
    (tlsrpt, tlsrpt_rua, tlsrpt_why) = (
        SELECT CASE WHEN k.keep THEN d.tlsrpt ELSE f.tlsrpt END,
               CASE WHEN k.keep THEN d.tlsrpt_rua ELSE f.tlsrpt_rua END,
               CASE WHEN k.keep THEN d.tlsrpt_why ELSE f.tlsrpt_why END
        FROM (SELECT d.tlsrpt NOT IN ('pending', 'unknown') AND f.tlsrpt IN ('pending', 'unknown')) k (keep)),
    resolved_at = now(), resolve_attempts = d.resolve_attempts + 1,
    next_resolve_at = CASE WHEN f.retry AND d.resolve_attempts + 1 < s.max_attempts
                           THEN now() + s.retry_delay * (2 ^ d.resolve_attempts) END
FROM stage_domain f, mxgrade.survey s
WHERE d.survey_id = $1 AND d.name = f.name AND s.survey_id = $1
