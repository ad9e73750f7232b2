-- $1 survey, $2 lines.
UPDATE mxgrade.survey SET lines = $2 WHERE survey_id = $1
