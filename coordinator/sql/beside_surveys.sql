-- Surveys whose addresses and exchanges may want asking after: also those that have just come to their end.
SELECT survey_id FROM mxgrade.survey
WHERE state IN ('submitted', 'running', 'grading') OR (state = 'complete' AND completed_at > now() - interval '1 hour')
ORDER BY survey_id
