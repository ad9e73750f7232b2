-- $1 survey, $2 exchanges or null for all. Grade of an exchange: its worst graded address (docs/grading.md
-- section 4). An address that cannot be reached does not count; one that is reachable but ungraded, or
-- still to be probed, leaves the grade provisional and forced TLS unknown; so does a look-up of A or AAAA that failed beside
-- the other, because an address may be missing. Answers with what changed.
WITH address AS (
    SELECT m.exchange, x.grade, x.score, x.provisional, x.forced_tls, x.forced_tls_why,
           e.reachable = 'yes' OR e.next_probe_at IS NOT NULL AS counts,
           m.flags && ARRAY['a_failed', 'aaaa_failed'] AS halved,
           CASE WHEN x.address IS NOT NULL THEN coalesce(x.reason, e.reason, 'not_asked')
                WHEN m.dns_status IN ('servfail', 'timeout') THEN 'dns'
                WHEN m.dns_status = 'pending' THEN 'not_asked'
                WHEN m.dns_status = 'invalid' THEN 'invalid_name'
                WHEN m.dns_status = 'refused_by_policy' THEN 'refused_by_policy'
                ELSE 'no_address' END AS reason
    FROM mxgrade.exchange m
    LEFT JOIN mxgrade.exchange_endpoint x ON x.survey_id = $1 AND x.exchange = m.exchange
    LEFT JOIN mxgrade.endpoint e ON e.survey_id = $1 AND e.address = x.address
    WHERE m.survey_id = $1 AND ($2::text[] IS NULL OR m.exchange = ANY ($2))
), judged AS (
    SELECT exchange, max(grade) AS grade, min(score) AS score,
           count(grade) > 0 AND coalesce(bool_or(provisional OR halved OR grade IS NULL AND counts), false) AS provisional,
           min(array_position(mxgrade.reason_order(), reason)) FILTER (WHERE grade IS NULL) AS reason,
           coalesce(bool_or(forced_tls = 'no'), false) AS fails,
           coalesce(bool_or(forced_tls = 'yes'), false) AS passes,
           coalesce(bool_or(halved OR forced_tls = 'unknown' AND counts), false) AS open,
           min(forced_tls_why) FILTER (WHERE forced_tls = 'no') AS why_fails,
           coalesce(min(forced_tls_why) FILTER (WHERE forced_tls = 'unknown' AND grade IS NOT NULL),
                    min('dns') FILTER (WHERE halved AND grade IS NOT NULL)) AS why_open
    FROM address GROUP BY exchange
), fresh AS (
    SELECT exchange, grade, score, provisional,
           CASE WHEN grade IS NULL THEN (mxgrade.reason_order())[reason] END AS reason,
           (CASE WHEN fails THEN 'no' WHEN passes AND NOT open THEN 'yes' ELSE 'unknown' END)::mxgrade.tri AS forced_tls,
           CASE WHEN fails THEN why_fails
                WHEN NOT passes OR open THEN coalesce(why_open, (mxgrade.reason_order())[reason]) END AS forced_tls_why
    FROM judged
), changed AS (
    UPDATE mxgrade.exchange m SET
        grade = f.grade, score = f.score, provisional = f.provisional, reason = f.reason, forced_tls = f.forced_tls,
        forced_tls_why = f.forced_tls_why, graded_at = now()
    FROM fresh f
    WHERE m.survey_id = $1 AND m.exchange = f.exchange
      AND (m.graded_at IS NULL OR (m.grade, m.score, m.provisional, m.reason, m.forced_tls, m.forced_tls_why)
           IS DISTINCT FROM (f.grade, f.score, f.provisional, f.reason, f.forced_tls, f.forced_tls_why))
    RETURNING m.exchange
)
SELECT CASE WHEN $2::text[] IS NOT NULL THEN array_agg(exchange) END FROM changed
