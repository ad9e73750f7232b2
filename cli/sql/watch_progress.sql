-- $1 survey. Plain counts; the caller asks the less often the longer this takes.
SELECT state, lines, intake_line, domains, domains_pending, endpoints, endpoints_pending, policies, policies_pending
FROM mxgrade.survey_progress WHERE survey_id = $1
