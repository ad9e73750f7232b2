-- Surveys that want work, and how far each is.
SELECT survey_id, lines, intake_line FROM mxgrade.survey WHERE state IN ('submitted', 'running') ORDER BY survey_id
