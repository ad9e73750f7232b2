-- $1 survey: its row goes, unless somebody has it just now.
WITH mine AS (SELECT survey_id FROM mxgrade.survey WHERE survey_id = $1 FOR UPDATE SKIP LOCKED),
gone AS (DELETE FROM mxgrade.survey s USING mine WHERE s.survey_id = mine.survey_id RETURNING s.survey_id)
SELECT EXISTS (SELECT FROM gone), NOT EXISTS (SELECT FROM mxgrade.survey WHERE survey_id = $1)
