-- $1 domain, $2 survey or null for the latest that has it.
SELECT g.survey_id, s.name AS survey_name, s.state, s.policy, g.outcome, g.reason, g.grade, g.score,
       g.provisional, g.worst_mx, g.mx_graded, g.mx_total, g.forced_tls, g.forced_tls_mx, g.forced_tls_why, g.mx_status,
       array_to_string(g.flags, ', ') AS flags
FROM mxgrade.domain_grade g
JOIN mxgrade.survey_summary s USING (survey_id)
WHERE g.domain = $1 AND ($2::integer IS NULL OR g.survey_id = $2)
ORDER BY g.survey_id DESC
LIMIT 1
