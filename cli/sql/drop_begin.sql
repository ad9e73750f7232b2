-- $1 survey: cancelled, unless somebody has its row just now. Whether that was done, and whether there is no such survey.
WITH mine AS (SELECT survey_id FROM mxgrade.survey WHERE survey_id = $1 FOR UPDATE SKIP LOCKED),
cancelled AS (UPDATE mxgrade.survey s SET state = 'cancelled' FROM mine WHERE s.survey_id = mine.survey_id RETURNING s.survey_id)
SELECT EXISTS (SELECT pg_notify('mxgrade_survey', '') FROM cancelled), NOT EXISTS (SELECT FROM mxgrade.survey WHERE survey_id = $1)
