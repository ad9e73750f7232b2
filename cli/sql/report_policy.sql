-- $1 survey, $2 domain. Names have no blanks, so one parts them.
SELECT p.dnssec, p.dane, p.mta_sts, p.mta_sts_reason, s.detail, s.max_age, array_to_string(s.patterns, ', ') AS patterns,
       array_to_string(p.mta_sts_not_covered, ' ') AS not_covered, array_to_string(p.mta_sts_failing, ' ') AS failing,
       p.mta_sts_bounces, p.tlsrpt, p.tlsrpt_why, array_to_string(p.tlsrpt_rua, ', ') AS tlsrpt_rua
FROM mxgrade.domain_policy p
JOIN mxgrade.mta_sts s ON s.survey_id = p.survey_id AND s.domain = p.domain
WHERE p.survey_id = $1 AND p.domain = $2
