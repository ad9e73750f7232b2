-- What mxgrade found of the domains' own records and policies, in the columns of tests/lab/expect-domain.tsv. Run with
-- psql -At -F <tab> -v survey=N. A domain that takes no mail is not asked: that is as good as none here.
SELECT d.name, d.dnssec, CASE s.status WHEN 'not_asked' THEN 'none' ELSE s.status END, coalesce(p.mode, '-'),
       coalesce(s.reason, '-'), coalesce(nullif(array_to_string(s.not_covered, ' '), ''), '-'),
       coalesce(nullif(CASE s.status WHEN 'enforce' THEN array_to_string(s.failing, ' ') END, ''), '-'),
       CASE d.tlsrpt WHEN 'not_asked' THEN 'none' ELSE d.tlsrpt::text END
FROM mxgrade.domain d
JOIN mxgrade.mta_sts s ON s.survey_id = d.survey_id AND s.domain = d.name
LEFT JOIN mxgrade.mta_sts_policy p ON p.survey_id = d.survey_id AND p.domain = d.name
WHERE d.survey_id = :survey
ORDER BY 1;
