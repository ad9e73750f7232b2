-- $1 survey. (BETWEEN: see update_names.sql.)
UPDATE mxgrade.exchange_endpoint x SET
    grade = g.grade, score = g.score, provisional = g.provisional, missing = g.missing, findings = g.findings,
    reason = g.reason, forced_tls = g.forced_tls, forced_tls_why = g.forced_tls_why
FROM graded g
WHERE x.survey_id = $1 AND x.exchange = g.exchange AND x.address BETWEEN g.address AND g.address
  AND (x.grade, x.score, x.provisional, x.missing, x.findings, x.reason, x.forced_tls, x.forced_tls_why)
      IS DISTINCT FROM
      (g.grade, g.score, g.provisional, g.missing, g.findings, g.reason, g.forced_tls, g.forced_tls_why)
