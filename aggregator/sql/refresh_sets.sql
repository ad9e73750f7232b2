-- $1 survey, $2 MX sets or null for all. Grade of a set: its worst graded exchange (docs/grading.md section 4).
-- The least array is the worst exchange, the one of lower preference first; sorting each group costs thrice.
WITH judged AS (
    SELECT m.mx_set, max(x.grade) AS grade, min(x.score) AS score, count(x.grade) AS mx_graded,
           bool_or(x.provisional OR x.grade IS NULL) AS provisional,
           (min(ARRAY[lpad(x.score::text, 3, '0'), lpad(m.preference::text, 5, '0'), m.exchange])
               FILTER (WHERE x.grade IS NOT NULL))[3] AS worst_mx,
           min(array_position(mxgrade.reason_order(), coalesce(x.reason, 'not_asked')))
               FILTER (WHERE x.grade IS NULL) AS reason,
           max(CASE coalesce(x.forced_tls, 'unknown') WHEN 'no' THEN 2 WHEN 'unknown' THEN 1 ELSE 0 END) AS forced_tls,
           min(ARRAY[CASE x.forced_tls WHEN 'no' THEN '0' ELSE '1' END, lpad(m.preference::text, 5, '0'), m.exchange,
                     coalesce(x.forced_tls_why, 'not_asked')])
               FILTER (WHERE x.forced_tls IS DISTINCT FROM 'yes') AS obstacle
    FROM mxgrade.mx_set_member m
    LEFT JOIN mxgrade.exchange x ON x.survey_id = $1 AND x.exchange = m.exchange
    WHERE m.survey_id = $1 AND ($2::uuid[] IS NULL OR m.mx_set = ANY ($2))
    GROUP BY m.mx_set
), fresh AS (
    SELECT mx_set, grade, score, mx_graded, grade IS NOT NULL AND provisional AS provisional, worst_mx,
           CASE WHEN grade IS NULL THEN (mxgrade.reason_order())[reason] END AS reason,
           (ARRAY['yes', 'unknown', 'no'])[forced_tls + 1]::mxgrade.tri AS forced_tls,
           obstacle[3] AS forced_tls_mx, obstacle[4] AS forced_tls_why
    FROM judged
)
UPDATE mxgrade.mx_set s SET
    grade = f.grade, score = f.score, mx_graded = f.mx_graded, provisional = f.provisional, worst_mx = f.worst_mx,
    reason = f.reason, forced_tls = f.forced_tls, forced_tls_mx = f.forced_tls_mx, forced_tls_why = f.forced_tls_why,
    graded_at = now()
FROM fresh f
WHERE s.survey_id = $1 AND s.mx_set = f.mx_set
  AND (s.graded_at IS NULL OR
       (s.grade, s.score, s.mx_graded, s.provisional, s.worst_mx, s.reason, s.forced_tls, s.forced_tls_mx,
        s.forced_tls_why) IS DISTINCT FROM
       (f.grade, f.score, f.mx_graded, f.provisional, f.worst_mx, f.reason, f.forced_tls, f.forced_tls_mx,
        f.forced_tls_why))
